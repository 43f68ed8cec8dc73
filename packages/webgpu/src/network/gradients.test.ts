import { sgd } from '@clr/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasDevice, openDevice } from '../../test/device.ts';
import { uniform } from './compile/random.ts';
import { createTrainer } from './createTrainer.ts';
import {
  avgPool,
  batchNorm,
  conv2d,
  dense,
  dropout,
  type Layer,
  maxPool,
  relu,
  sigmoid,
  tanh,
} from './layers.ts';
import { type Loss, network, type Shape, volume } from './network.ts';

/**
 * Most activations here are smooth. With relu, a changed bias moves hundreds of values across the kink, which spoils
 * the finite difference.
 */
const cases: readonly (readonly [string, Shape, readonly Layer[], Loss])[] = [
  [
    'conv2d with stride and padding',
    [6, 7, 2],
    [
      conv2d({ filters: 5, kernel: 2 }),
      tanh(),
      conv2d({ filters: 3, kernel: 3, stride: 2, padding: 1 }),
      tanh(),
      dense({ units: 2 }),
    ],
    'mse',
  ],
  [
    'conv2d after conv2d, with borders between',
    [5, 4, 1],
    [
      conv2d({ filters: 2, kernel: 3, padding: 2 }),
      sigmoid(),
      conv2d({ filters: 3, kernel: 2 }),
      tanh(),
      conv2d({ filters: 2, kernel: 1, padding: 1 }),
      dense({ units: 3 }),
    ],
    'crossEntropy',
  ],
  [
    'dense right after conv2d (a border to skip)',
    [4, 5, 2],
    [conv2d({ filters: 3, kernel: 3 }), tanh(), dense({ units: 4 }), sigmoid()],
    'mse',
  ],
  [
    'maxPool, overlapping, padded, ceil',
    [7, 6, 2],
    [
      conv2d({ filters: 3, kernel: 3, padding: 1 }),
      maxPool({ size: 3, stride: 2, padding: 1, ceil: true }),
      tanh(),
      dense({ units: 3 }),
    ],
    'crossEntropy',
  ],
  [
    'avgPool, overlapping, padded, ceil',
    [7, 6, 2],
    [
      conv2d({ filters: 3, kernel: 3, padding: 1 }),
      tanh(),
      avgPool({ size: 3, stride: 2, padding: 1, ceil: true }),
      sigmoid(),
      conv2d({ filters: 2, kernel: 2 }),
      dense({ units: 3 }),
    ],
    'crossEntropy',
  ],
  [
    'batchNorm after conv2d, before relu',
    [5, 5, 2],
    [conv2d({ filters: 4, kernel: 3 }), batchNorm(), relu(), dense({ units: 3 })],
    'crossEntropy',
  ],
  [
    'batchNorm on the input and after an activation',
    [3, 3, 3],
    [batchNorm({ epsilon: 1e-3 }), tanh(), dense({ units: 6 }), sigmoid(), batchNorm(), dense({ units: 2 })],
    'mse',
  ],
  [
    'dropout between dense layers',
    [1, 1, 9],
    [dense({ units: 16 }), tanh(), dropout({ rate: 0.5 }), dense({ units: 3 })],
    'crossEntropy',
  ],
  [
    'activations in a row, one of them the first layer',
    [1, 1, 6],
    [tanh(), dense({ units: 7 }), sigmoid(), tanh(), relu(), dense({ units: 2 }), tanh()],
    'mse',
  ],
];

describe.skipIf(!hasDevice)('gradients equal finite differences', () => {
  let device: GPUDevice;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.destroy());

  it.each(cases)('%s', async (_, input, layers, loss) => {
    const batch = 6;
    const net = network({ input, layers, loss });
    const trainer = await createTrainer(device, net, { optimizer: sgd(), batch, seed: 5 });
    const draw = uniform(1);
    const examples = {
      input: Float32Array.from({ length: batch * volume(input) }, () => 2 * draw() - 1),
      target: Array.from({ length: batch * (loss === 'mse' ? volume(net.output) : 1) }, () =>
        loss === 'mse' ? draw() : Math.floor(draw() * volume(net.output)),
      ),
    };
    // Weights near 1 give gradients that are large enough to measure.
    const start = Float32Array.from(
      { length: net.parameters.reduce((n, p) => n + p.length, 0) },
      () => 1.6 * draw() - 0.8,
    );
    const set = (values: Float32Array): void =>
      trainer.setParameters(
        net.parameters.map(({ name, offset, length }) => [name, values.subarray(offset, offset + length)]),
      );
    const lossAt = (values: Float32Array): Promise<number> => {
      set(values);
      trainer.optimizer.seek(0); // Every evaluation uses the same dropout mask.
      return trainer.trainStep(examples, { lr: 0 }).loss as Promise<number>;
    };
    set(start);
    const gradients = await trainer.gradients(examples);
    for (const { name, offset, length } of net.parameters) {
      const analytic = gradients.get(name)?.data as Float32Array;
      for (const index of new Set([0, length - 1, Math.floor(draw() * length)])) {
        const h = 4e-3;
        const moved = (by: number): Float32Array =>
          start.map((w, at) => (at === offset + index ? w + by : w));
        const numeric = ((await lossAt(moved(h))) - (await lossAt(moved(-h)))) / (2 * h);
        expect(
          Math.abs(numeric - (analytic[index] as number)),
          `${name}[${index}]: ${numeric} and ${analytic[index]}`,
        ).toBeLessThan(1e-3 + 5e-3 * Math.abs(numeric));
      }
    }
    expect(
      Math.max(...[...gradients.values()].flatMap(({ data }) => Array.from(data, Math.abs))),
    ).toBeGreaterThan(0.02);
    trainer.dispose();
  });
});

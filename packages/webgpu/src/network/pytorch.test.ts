import { sgd, train } from '@clr/core';
import convnets from '@clr/tooling/oracle/convnets.json' with { type: 'json' };
import optimizers from '@clr/tooling/oracle/optimizers.json' with { type: 'json' };
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasDevice, openDevice } from '../../test/device.ts';
import { fromPyTorch, type OptimizerRun, scheduleOf } from '../../test/pytorch.ts';
import { createTrainer } from './createTrainer.ts';
import { avgPool, conv2d, dense, type Layer, maxPool, relu, tanh } from './layers.ts';
import { hwioFromOihw, inOutFromOutIn } from './layouts.ts';
import { network } from './network.ts';

type Numbers = ArrayLike<number>;

function furthest(got: Numbers, want: Numbers): number {
  expect(got.length).toBe(want.length);
  let most = 0;
  for (let index = 0; index < want.length; index++) {
    const distance = Math.abs((got[index] as number) - (want[index] as number));
    if (!(distance <= most)) most = distance;
  }
  return most;
}

describe.skipIf(!hasDevice)('networks give the same numbers as PyTorch', () => {
  let device: GPUDevice;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.destroy());

  const layers: Readonly<Record<string, readonly Layer[]>> = {
    A: [
      conv2d({ filters: 4, kernel: 5, padding: 2 }),
      maxPool({ size: 3, stride: 2 }),
      relu(),
      conv2d({ filters: 8, kernel: 3, padding: 1 }),
      avgPool({ size: 3, stride: 2 }),
      dense({ units: 10 }),
    ],
    B: [
      conv2d({ filters: 4, kernel: 5, padding: 2 }),
      maxPool({ size: 3, stride: 2 }),
      relu(),
      conv2d({ filters: 8, kernel: 3, padding: 1 }),
      relu(),
      avgPool({ size: 3 }),
      dense({ units: 10 }),
    ],
  };

  /** PyTorch's tensors under this package's names, with axes in this package's order. */
  function convert(net: string, tensors: Readonly<Record<string, readonly number[]>>): [string, Numbers][] {
    const of = (name: string): readonly number[] => tensors[name] as readonly number[];
    return [
      ['conv1.weight', hwioFromOihw(of('conv1.weight'), [4, 1, 5, 5])],
      ['conv1.bias', of('conv1.bias')],
      ['conv2.weight', hwioFromOihw(of('conv2.weight'), [8, 4, 3, 3])],
      ['conv2.bias', of('conv2.bias')],
      [
        'dense1.weight',
        net === 'A'
          ? inOutFromOutIn(of('fc.weight'), [10, 72], [8, 3, 3])
          : inOutFromOutIn(of('fc.weight'), [10, 8]),
      ],
      ['dense1.bias', of('fc.bias')],
    ];
  }

  const trainings = convnets.nets.flatMap((file) => file.runs.map((run) => ({ ...file, ...run })));
  it.each(trainings)('convnet $net: 12 steps of SGD, cycled momentum: $cycledMomentum', async (file) => {
    const { net: name, size, images, labels, init, lr, momentum, loss, correct, wholeLoss } = file;
    const net = network({
      input: [size, size, 1],
      layers: layers[name] as readonly Layer[],
      loss: 'crossEntropy',
    });
    const trainer = await createTrainer(device, net, { optimizer: sgd({ momentum: 0.9 }), batch: 16 });
    const start = Object.entries(init).map(([key, { data }]) => [key, data]);
    trainer.setParameters(convert(name, Object.fromEntries(start)));
    // An image is a string with two hexadecimal digits per pixel.
    const pixels = (text: string): number[] =>
      (text.match(/../g) as string[]).map((pixel) => (Number.parseInt(pixel, 16) - 128) / 64);
    const batchOf = (indices: readonly number[]) => ({
      input: Float32Array.from(indices.flatMap((index) => pixels(images[index] as string))),
      target: indices.map((index) => labels[index] as number),
    });
    const batches = file.batches.map(batchOf);
    const gradients = await trainer.gradients(batches[0] as (typeof batches)[0]);
    for (const [key, want] of convert(name, file.gradients)) {
      const got = gradients.get(key)?.data as Float32Array;
      expect(furthest(got, want), `gradient of ${key}`).toBeLessThan(1e-5);
    }
    const policy = {
      lr: (step: number) => lr[step] as number,
      momentum: (step: number) => momentum[step] as number,
    };
    const { steps } = await train(trainer, batches, { policy, steps: 12 });
    const losses = steps.map((step) => step.loss as number);
    expect(furthest(losses, loss)).toBeLessThan(1e-5);
    expect(steps.map(({ accuracy }) => Math.round((accuracy as number) * 16))).toEqual(correct);
    const parameters = await trainer.parameters();
    for (const [key, want] of convert(name, file.parameters)) {
      expect(furthest(parameters.get(key)?.data as Float32Array, want), key).toBeLessThan(1e-5);
    }
    const all = [...labels.keys()];
    const whole = [0, 16, 32, 48].map((first) => batchOf(all.slice(first, first + 16)));
    expect((await trainer.evaluate(whole)).loss).toBeCloseTo(wholeLoss, 5);
    trainer.dispose();
  });

  const runs = (optimizers.runs as unknown as readonly OptimizerRun[]).filter((run) => run.problem === 'mlp');
  it.each(runs.map((run) => [run.optimizer, run] as const))('tanh MLP: 20 steps of %s', async (_, run) => {
    const { X, Y, init } = optimizers.problems.mlp;
    const net = network({
      input: [5],
      layers: [dense({ units: 8 }), tanh(), dense({ units: 3 })],
      loss: 'crossEntropy',
    });
    const trainer = await createTrainer(device, net, {
      optimizer: fromPyTorch(run),
      batch: 12,
      policy: scheduleOf(run),
    });
    const convert = (tensors: Readonly<Record<string, Numbers>>): [string, Numbers][] => [
      ['dense1.weight', inOutFromOutIn(tensors.w1 as Numbers, [8, 5])],
      ['dense1.bias', tensors.b1 as Numbers],
      ['dense2.weight', inOutFromOutIn(tensors.w2 as Numbers, [3, 8])],
      ['dense2.bias', tensors.b2 as Numbers],
    ];
    trainer.setParameters(
      convert(Object.fromEntries(Object.entries(init).map(([name, { data }]) => [name, data]))),
    );
    // With one full batch the order of the examples does not matter.
    trainer.setData({ input: Float32Array.from(X.flat()), target: Y });
    const { losses } = await trainer.trainSteps(20);
    expect(furthest(losses, run.loss)).toBeLessThan(1e-5);
    const parameters = await trainer.parameters();
    for (const [name, want] of convert(run.parameters)) {
      expect(furthest(parameters.get(name)?.data as Float32Array, want), name).toBeLessThan(1e-5);
    }
    trainer.dispose();
  });
});

import { type Optimizer, train } from '@clr/core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Convnet } from '../../test/convnet.ts';
import { hasDevice, openDevice } from '../../test/device.ts';
import { fromPyTorch, type OptimizerRun, scheduleOf } from '../../test/pytorch.ts';
import { createTrainer } from './createTrainer.ts';
import { avgPool, conv2d, dense, type Layer, maxPool, relu, tanh } from './layers.ts';
import { hwioFromOihw, inOutFromOutIn } from './layouts.ts';
import { network } from './network.ts';

const oracle = inject('oracle') as {
  readonly convnet: Convnet;
  readonly optimizers: {
    readonly runs: readonly OptimizerRun[];
    readonly problems: {
      readonly mlp: {
        readonly X: readonly (readonly number[])[];
        readonly Y: readonly number[];
        readonly init: Readonly<Record<string, { readonly data: readonly number[] }>>;
      };
    };
  };
} | null;

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

describe.skipIf(!hasDevice || !oracle)('networks against PyTorch', () => {
  let device: GPUDevice;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.destroy());

  const layers: Record<'A' | 'B', readonly Layer[]> = {
    A: [
      conv2d({ filters: 8, kernel: 5, padding: 2 }),
      maxPool({ size: 3, stride: 2 }),
      relu(),
      conv2d({ filters: 16, kernel: 3, padding: 1 }),
      avgPool({ size: 3, stride: 2 }),
      dense({ units: 10 }),
    ],
    B: [
      conv2d({ filters: 8, kernel: 5, padding: 2 }),
      maxPool({ size: 3, stride: 2 }),
      relu(),
      conv2d({ filters: 16, kernel: 3, padding: 1 }),
      relu(),
      avgPool({ size: 3 }),
      dense({ units: 10 }),
    ],
  };

  /** PyTorch's tensors under this package's names and in its order. */
  function convert(
    variant: 'A' | 'B',
    tensors: Readonly<Record<string, { data: number[] }>>,
  ): [string, Numbers][] {
    const data = (name: string): number[] => tensors[name]?.data as number[];
    return [
      ['conv1.weight', hwioFromOihw(data('conv1.weight'), [8, 1, 5, 5])],
      ['conv1.bias', data('conv1.bias')],
      ['conv2.weight', hwioFromOihw(data('conv2.weight'), [16, 8, 3, 3])],
      ['conv2.bias', data('conv2.bias')],
      [
        'dense1.weight',
        variant === 'A'
          ? inOutFromOutIn(data('fc.weight'), [10, 144], [16, 3, 3])
          : inOutFromOutIn(data('fc.weight'), [10, 16]),
      ],
      ['dense1.bias', data('fc.bias')],
    ];
  }

  function images(variant: 'A' | 'B', indices: readonly number[]): Float32Array {
    const size = variant === 'A' ? 16 : 8;
    const { data } = (oracle as NonNullable<typeof oracle>).convnet.images;
    return Float32Array.from(
      indices.flatMap((index) =>
        Array.from({ length: size * size }, (_, place) => {
          const [y, x] = [Math.floor(place / size), place % size];
          const scale = size / 8;
          return (data[index * 64 + Math.floor(y / scale) * 8 + Math.floor(x / scale)] as number) / 16;
        }),
      ),
    );
  }

  it.each([
    ['A', 'momentum0.9'],
    ['A', 'cycledMomentum'],
    ['B', 'momentum0.9'],
    ['B', 'cycledMomentum'],
  ] as const)('convnet %s, 12 steps of SGD, %s', async (variant, momentum) => {
    const { convnet } = oracle as NonNullable<typeof oracle>;
    const run = convnet.runs[`${variant}_${momentum}_float32`] as Convnet['runs'][string];
    const size = variant === 'A' ? 16 : 8;
    const net = network({ input: [size, size, 1], layers: layers[variant], loss: 'crossEntropy' });
    const sgd: Optimizer = {
      type: 'sgd',
      momentum: 0.9,
      nesterov: false,
      weightDecay: 0,
      velocity: 'gradient',
    };
    const trainer = await createTrainer(device, net, { optimizer: sgd, batch: 16 });
    trainer.setParameters(convert(variant, convnet.init[variant]));
    const batches = convnet.batches.map((indices) => ({
      input: images(variant, indices),
      target: indices.map((index) => convnet.labels[index] as number),
    }));
    const gradients = await trainer.gradients(batches[0] as (typeof batches)[0]);
    for (const [name, want] of convert(variant, run.grad0)) {
      expect(furthest(gradients.get(name)?.data as Float32Array, want), `gradient of ${name}`).toBeLessThan(
        1e-5,
      );
    }
    const policy = {
      lr: (step: number) => run.lr[step] as number,
      momentum: (step: number) => run.momentum[step] as number,
    };
    const { steps } = await train(trainer, batches, { policy, steps: 12 });
    expect(
      furthest(
        steps.map(({ loss }) => loss as number),
        run.loss,
      ),
    ).toBeLessThan(1e-4);
    expect(steps.map(({ accuracy }) => Math.round((accuracy as number) * 16))).toEqual(run.correct);
    const parameters = await trainer.parameters();
    for (const [name, want] of convert(variant, run.paramsAfter12)) {
      expect(furthest(parameters.get(name)?.data as Float32Array, want), name).toBeLessThan(1e-4);
    }
    const all = Array.from(convnet.labels.keys());
    const whole = [0, 1, 2, 3].map((quarter) => {
      const indices = all.slice(quarter * 16, quarter * 16 + 16);
      return { input: images(variant, indices), target: indices.map((i) => convnet.labels[i] as number) };
    });
    expect((await trainer.evaluate(whole)).loss).toBeCloseTo(run.fullSetLossAfter12, 4);
    trainer.dispose();
  });

  const runs = (oracle?.optimizers.runs ?? []).filter((run) => run.problem === 'mlp' && fromPyTorch(run));
  it.each(runs.map((run) => [run.optimizer, run] as const))('tanh MLP, 20 steps of %s', async (_, run) => {
    const { X, Y, init } = (oracle as NonNullable<typeof oracle>).optimizers.problems.mlp;
    const net = network({
      input: [5],
      layers: [dense({ units: 8 }), tanh(), dense({ units: 3 })],
      loss: 'crossEntropy',
    });
    const trainer = await createTrainer(device, net, {
      optimizer: fromPyTorch(run) as Optimizer,
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
    // one full batch: the order of its examples does not matter
    trainer.setData({ input: Float32Array.from(X.flat()), target: Y });
    const { losses } = await trainer.trainSteps(20);
    expect(furthest(losses, run.loss)).toBeLessThan(1e-5);
    const parameters = await trainer.parameters();
    for (const [name, want] of convert(
      run.paramsAfter['20'] as Readonly<Record<string, readonly number[]>>,
    )) {
      expect(furthest(parameters.get(name)?.data as Float32Array, want), name).toBeLessThan(1e-5);
    }
    trainer.dispose();
  });
});

import { describeTrainable, type Subject } from '@clr/conformance';
import { sgd } from '@clr/core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { createTrainer } from '../src/network/createTrainer.ts';
import { conv2d, dense, maxPool, tanh } from '../src/network/layers.ts';
import { network } from '../src/network/network.ts';
import type { Batch } from '../src/network/trainer.ts';
import { download } from './buffers.ts';
import { countBuffers } from './countBuffers.ts';
import { hasDevice, openDevice } from './device.ts';
import { type Goal, goals, tinyModel } from './tinyModel.ts';

describe.skipIf(!hasDevice)('the contract of a Trainable', () => {
  let device: GPUDevice;
  let count: ReturnType<typeof countBuffers>;
  beforeAll(async () => {
    device = await openDevice();
    count = countBuffers(device);
  });
  afterAll(() => device.destroy());

  /** Custom WGSL behind createTrainable. */
  const own: Subject<Goal> = {
    create: () => make(0),
    createWithMomentum: () => make(0.9),
    batches: goals,
    optional: ['average'],
    size: () => 1,
    badBatches: { 'a goal that is too short': [1, 2] },
    rate: 0.05,
    liveResources: () => count.live(),
  };
  function make(momentum: number) {
    const { trainable, value, free } = tinyModel(device, sgd({ momentum }));
    return { trainable, weights: async () => [await download(device, value)], release: free };
  }

  /** The built-in layers behind createTrainer. */
  const net = network({
    input: [5, 5, 1],
    layers: [conv2d({ filters: 3, kernel: 2 }), tanh(), maxPool({ size: 2 }), dense({ units: 3 })],
    loss: 'crossEntropy',
  });
  const batchOf = (size: number, seed: number): Batch => ({
    input: Float32Array.from({ length: size * 25 }, (_, index) => Math.sin(index * (seed + 2))),
    target: Array.from({ length: size }, (_, index) => (index + seed) % 3),
  });
  const layers: Subject<Batch> = {
    create: () => build(0),
    createWithMomentum: () => build(0.9),
    batches: [batchOf(4, 0), batchOf(6, 1), batchOf(5, 2)],
    size: ({ target }) => target.length,
    optional: ['average', 'predictBatch', 'constantAnswer'],
    blank: ({ input, target }) => ({ input: new Float32Array(input.length), target }),
    badBatches: {
      'a class that does not exist': { input: new Float32Array(25), target: [3] },
      'half an example': { input: new Float32Array(12), target: [0] },
      'more examples than a batch holds': batchOf(7, 0),
    },
    rate: 0.1,
    liveResources: () => count.live(),
  };
  async function build(momentum: number) {
    const trainable = await createTrainer(device, net, { optimizer: sgd({ momentum }), batch: 6, seed: 2 });
    const weights = async () => [...(await trainable.parameters()).values()].map(({ data }) => data);
    return { trainable, weights };
  }

  describeTrainable('createTrainable', own, { describe, it });
  describeTrainable('createTrainer', layers, { describe, it });
});

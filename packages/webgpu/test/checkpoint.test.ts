import { decodeCheckpoint, encodeCheckpoint } from '@clr/checkpoint';
import { adam, train, triangular } from '@clr/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTrainer } from '../src/network/createTrainer.ts';
import { batchNorm, dense, dropout, relu } from '../src/network/layers.ts';
import { network } from '../src/network/network.ts';
import { hasDevice, openDevice } from './device.ts';

const net = network({
  input: [6],
  layers: [dense({ units: 8 }), batchNorm(), relu(), dropout({ rate: 0.25 }), dense({ units: 3 })],
  loss: 'crossEntropy',
});
const batch = {
  input: Float32Array.from({ length: 4 * 6 }, (_, i) => Math.sin(i)),
  target: [0, 1, 2, 1],
};
const policy = triangular({ baseLr: 0.001, maxLr: 0.01, stepSize: 3 });

describe.skipIf(!hasDevice)('a checkpoint', () => {
  let device: GPUDevice;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.destroy());

  it('survives encoding and decoding, and the resumed run equals the uninterrupted one bit for bit', async () => {
    const open = () => createTrainer(device, net, { optimizer: adam(), batch: 4, seed: 3 });
    const [whole, again] = [await open(), await open()];
    let bytes: Uint8Array | undefined;
    const run = await train(whole, [batch], {
      policy,
      steps: 12,
      checkpoint: {
        every: { steps: 5 },
        save: async (checkpoint) => {
          if (checkpoint.step === 5) bytes = await encodeCheckpoint(checkpoint);
        },
      },
    });
    const from = await decodeCheckpoint(bytes!);
    const rest = await train(again, [batch], { policy, steps: 12, from });
    expect(rest.steps).toEqual(run.steps.slice(5));
    expect(await again.parameters()).toEqual(await whole.parameters());
    for (const trainer of [whole, again]) trainer.dispose();
  });
});

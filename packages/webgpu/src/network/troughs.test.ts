import { averageWeights, ensemble, sgd } from '@clr/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasDevice, openDevice } from '../../test/device.ts';
import { createTrainer } from './createTrainer.ts';
import { batchNorm, dense, relu } from './layers.ts';
import { network } from './network.ts';

const waves = (length: number, pace: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(pace * (i + 1)));
const batchOf = (seed: number) => ({
  input: waves(8 * 5, 0.3 + seed),
  target: Array.from({ length: 8 }, (_, i) => (i * seed) % 3),
});

describe.skipIf(!hasDevice)('averages and ensembles of snapshots', () => {
  let device: GPUDevice;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.destroy());

  const normalized = network({
    input: [5],
    layers: [dense({ units: 4 }), batchNorm({ momentum: 0.5 }), relu(), dense({ units: 3 })],
    loss: 'crossEntropy',
  });
  const batches = [1, 2, 3, 4].map(batchOf);

  it('recomputes the running statistics for averaged weights', async () => {
    const trainer = await createTrainer(device, normalized, { optimizer: sgd({ momentum: 0.9 }), batch: 8 });
    const snapshots = [await trainer.snapshot()];
    const first = await trainer.parameters();
    for (const batch of batches) await trainer.trainStep(batch, { lr: 0.2 }).loss;
    snapshots.push(await trainer.snapshot());
    const second = await trainer.parameters();
    const one = batches[0]!;
    const mean = await averageWeights(trainer, snapshots, Array(20).fill(one));
    expect(await trainer.parameters()).toEqual(second);

    await trainer.restore(mean);
    const averaged = await trainer.parameters();
    for (const [name, { data }] of averaged) {
      if (/mean|variance/.test(name)) continue;
      const [a, b] = [first.get(name)!.data, second.get(name)!.data];
      for (const [i, value] of data.entries()) expect(value).toBeCloseTo((a[i]! + b[i]!) / 2, 6);
    }
    // Each of the twenty passes replaces half of the running mean, so only the batch's own mean remains.
    const [weight, bias] = ['dense1.weight', 'dense1.bias'].map((name) => averaged.get(name)!.data);
    const measured = averaged.get('batchNorm1.mean')!.data;
    for (let unit = 0; unit < 4; unit++) {
      let sum = 0;
      for (let row = 0; row < 8; row++) {
        for (let k = 0; k < 5; k++) sum += one.input[row * 5 + k]! * weight![k * 4 + unit]!;
      }
      expect(measured[unit]).toBeCloseTo(sum / 8 + bias![unit]!, 4);
    }
    expect(measured).not.toEqual(second.get('batchNorm1.mean')!.data);
    trainer.dispose();
  });

  it('averages the probabilities of an ensemble', async () => {
    const trainer = await createTrainer(device, normalized, { optimizer: sgd(), batch: 8 });
    const snapshots = [await trainer.snapshot()];
    for (const batch of batches) await trainer.trainStep(batch, { lr: 0.2 }).loss;
    snapshots.push(await trainer.snapshot());
    const both = ensemble(trainer, snapshots);
    const metrics = await both.evaluate(batches);
    let [loss, right] = [0, 0];
    for (const [index, outputs] of (await both.predict(batches)).entries()) {
      for (const [row, wanted] of batches[index]!.target.entries()) {
        const shares = [...outputs.subarray(row * 3, row * 3 + 3)];
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
        loss -= Math.log(shares[wanted]!) / 32;
        if (shares.indexOf(Math.max(...shares)) === wanted) right++;
      }
    }
    expect(metrics.loss).toBeCloseTo(loss, 5);
    expect(metrics.accuracy).toBe(right / 32);
    trainer.dispose();
  });

  it('scores values by their squared error', async () => {
    const net = network({ input: [5], layers: [dense({ units: 2 })], loss: 'mse' });
    const trainer = await createTrainer(device, net, { optimizer: sgd(), batch: 8 });
    const batch = { input: waves(40, 0.7), target: waves(16, 1.1) };
    const { outputs, score } = await trainer.predictBatch(batch);
    expect((await score(outputs)).loss).toBeCloseTo((await trainer.evaluate([batch])).loss, 5);
    await expect(trainer.predictBatch({ ...batch, target: [1] })).rejects.toThrow('1 targets');
    trainer.dispose();
  });
});

import { adam, constant, train, triangular } from '@clr/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { download } from '../test/buffers.ts';
import { countBuffers } from '../test/countBuffers.ts';
import { hasDevice, openDevice } from '../test/device.ts';
import { smallData, smallNet } from '../test/smallNet.ts';
import { type Goal, goals, tinyModel } from '../test/tinyModel.ts';
import type { GpuFault } from './errors.ts';
import { createTrainer } from './network/createTrainer.ts';
import { dense } from './network/layers.ts';
import { network } from './network/network.ts';

const policy = triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 5 });
const hyper = { lr: 0.01 };
const goal = goals[0] as Goal;
const fault = (kind: GpuFault): unknown => expect.objectContaining({ name: 'GpuError', fault: kind });

describe.skipIf(!hasDevice)('a hostile device', () => {
  let device: GPUDevice;
  beforeEach(async () => {
    device = await openDevice();
  });
  afterEach(() => device.destroy());

  async function openTrainer() {
    const trainer = await createTrainer(device, smallNet, { optimizer: adam(), policy, batch: 4 });
    trainer.setData(smallData);
    return trainer;
  }

  it('throws a typed error when memory runs out, keeps no buffer, and leaves other trainers running', async (context) => {
    const other = await openTrainer();
    await other.trainSteps(3);
    const { live, stop } = countBuffers(device);
    // The activations of one layer fill the largest buffer that the device allows.
    const units = 1024;
    const batch = Math.floor(
      Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize) / 4 / units,
    );
    const wide = network({ input: [1], layers: [dense({ units })], loss: 'mse' });
    const made = createTrainer(device, wide, { optimizer: adam(), policy, batch });
    const outcome = await made.then(
      (trainer) => trainer.dispose(),
      (error: unknown) => error,
    );
    if (outcome === undefined) context.skip('this device has room for its largest buffers');
    expect(outcome).toEqual(fault('out-of-memory'));
    expect(String(outcome)).toMatch(/memory for building the network[\s\S]*smaller batches/);
    expect(live()).toBe(0);
    stop();
    const { losses } = await other.trainSteps(3);
    expect(losses.every(Number.isFinite)).toBe(true);
    other.dispose();
  });

  it.each(['trainStep', 'evaluate', 'snapshot', 'counters'] as const)(
    'rejects with the reason when the device is destroyed while a trainable waits for %s',
    async (what) => {
      const { trainable, optimizer } = tinyModel(device, adam());
      await trainable.trainStep(goal, hyper).loss;
      const pending = {
        trainStep: () => Promise.resolve(trainable.trainStep(goal, hyper).loss),
        evaluate: () => trainable.evaluate(goals),
        snapshot: () => trainable.snapshot(),
        counters: () => optimizer.counters(),
      }[what]();
      device.destroy();
      await expect(pending).rejects.toEqual(fault('device-lost'));
      trainable.dispose();
    },
  );

  it.each(['trainSteps', 'parameters', 'predict', 'gradients'] as const)(
    'rejects with the reason when the device is destroyed while a trainer waits for %s',
    async (what) => {
      const trainer = await openTrainer();
      await trainer.trainSteps(2);
      const pending = {
        trainSteps: () => trainer.trainSteps(20),
        parameters: () => trainer.parameters(),
        predict: () => trainer.predict(smallData.input.subarray(0, 12)),
        gradients: () =>
          trainer.gradients({
            input: smallData.input.subarray(0, 12),
            target: smallData.target.subarray(0, 8),
          }),
      }[what]();
      device.destroy();
      await expect(pending).rejects.toEqual(fault('device-lost'));
      await expect(trainer.restore({})).rejects.toThrow();
      trainer.dispose();
    },
  );

  it.each(['value', 'gradient', 'loss'] as const)(
    'reports that the %s buffer was destroyed, and refuses step, snapshot and evaluation',
    async (which) => {
      const model = tinyModel(device, adam());
      await train(model.trainable, goals, { policy, steps: 4 });
      const snapshot = await model.trainable.snapshot();
      const expected = await download(device, model.value);
      model[which].destroy();
      const { loss } = model.trainable.trainStep(goal, hyper);
      await expect(loss).rejects.toEqual(fault('buffer-destroyed'));
      await expect(model.trainable.snapshot()).rejects.toEqual(fault('buffer-destroyed'));
      await expect(model.trainable.evaluate(goals)).rejects.toEqual(fault('buffer-destroyed'));
      model.trainable.dispose();
      const again = tinyModel(device, adam());
      await again.trainable.restore(snapshot);
      expect(await download(device, again.value)).toEqual(expected);
      again.trainable.dispose();
    },
  );

  it('reports an error that other code caused during many steps in exactly one call', async () => {
    const trainer = await openTrainer();
    const steps = trainer.trainSteps(5);
    device.createBuffer({ size: 2 ** 50, usage: 0x80 }); // refused; no error scope catches it
    const first = await steps.then(
      () => undefined,
      (error: unknown) => error,
    );
    await new Promise((done) => setTimeout(done, 50));
    const second = await trainer.trainSteps(5).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect([first, second].filter(Boolean)).toEqual([fault('uncaptured')]);
    await expect(trainer.trainSteps(5)).resolves.toBeDefined();
    trainer.dispose();
  });

  it('leaks no buffer over 5,000 steps of a trainer, in submissions of 50', async () => {
    const { live, stop } = countBuffers(device);
    const trainer = await createTrainer(device, smallNet, {
      optimizer: adam(),
      policy: constant({ lr: 1e-3 }),
      batch: 4,
    });
    trainer.setData(smallData);
    await trainer.trainSteps(50);
    const early = live();
    for (let round = 0; round < 99; round++) await trainer.trainSteps(50);
    expect(live()).toBeLessThanOrEqual(early);
    expect((await trainer.optimizer.counters()).updates).toBe(5000);
    trainer.dispose();
    await new Promise((done) => setTimeout(done, 50));
    expect(live()).toBe(0);
    stop();
  });
});

import { adam, autoClr, rangeTest, sgd, train, triangular } from '@clr/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { download } from '../../test/buffers.ts';
import { hasDevice, openDevice } from '../../test/device.ts';
import { goals, start, tinyModel } from '../../test/tinyModel.ts';
import { usage } from '../device/flags.ts';
import { createOptimizer } from '../optimizer/createOptimizer.ts';
import { createTrainable } from './createTrainable.ts';

const policy = triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 3 });

describe.skipIf(!hasDevice)('createTrainable', () => {
  let device: GPUDevice;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.destroy());

  it('trains under a policy with the same numbers as the formula in JavaScript', async () => {
    const { trainable, value } = tinyModel(device);
    const run = await train(trainable, goals, { policy, steps: 12 });
    const w = [...start];
    const v = w.map(() => 0);
    run.steps.forEach(({ lr, loss }, step) => {
      const c = goals[step % goals.length] as readonly number[];
      const expected = w.reduce((sum, x, i) => sum + 0.5 * (i + 1) * (x - (c[i] as number)) ** 2, 0);
      expect(Math.abs((loss as number) - expected)).toBeLessThan(1e-4);
      w.forEach((x, i) => {
        v[i] = 0.9 * (v[i] as number) + (i + 1) * (x - (c[i] as number));
        w[i] = x - lr * (v[i] as number);
      });
    });
    const weights = await download(device, value);
    w.forEach((x, i) => {
      expect(Math.abs((weights[i] as number) - x)).toBeLessThan(1e-5);
    });
    trainable.dispose();
  });

  it('restores every bit after a range test, and evaluates without changing the state', async () => {
    const { trainable, value } = tinyModel(device, adam());
    expect(trainable.updateKind).toBe('adaptive');
    await train(trainable, goals, { policy, steps: 3 });
    const before = await download(device, value);
    const metrics = await trainable.evaluate(goals);
    expect(metrics.loss).toBeGreaterThan(0);
    expect(metrics.accuracy).toBeUndefined();
    const trace = await rangeTest(trainable, goals, { startLr: 1e-4, endLr: 10, steps: 40 });
    expect(trace.points.length).toBeGreaterThan(10);
    expect(await download(device, value)).toEqual(before);
    expect(await trainable.evaluate(goals)).toEqual(metrics);
    trainable.dispose();
  });

  it('resumes bit for bit from a stored snapshot in another trainable', async () => {
    const first = tinyModel(device, adam());
    let stored: object | undefined;
    await train(first.trainable, goals, {
      policy,
      steps: 12,
      onCycleEnd: async (end) => {
        if (end.step === 6) stored = structuredClone(await end.snapshot());
      },
    });
    const second = tinyModel(device, adam());
    const run = await train(second.trainable, goals, {
      policy,
      steps: 12,
      from: { step: 6, snapshot: stored as object },
    });
    expect(run.steps).toHaveLength(6);
    expect(await download(device, second.value)).toEqual(await download(device, first.value));
    expect(await second.optimizer.counters()).toEqual(await first.optimizer.counters());
    expect(second.optimizer.step).toBe(12);
    first.trainable.dispose();
    second.trainable.dispose();
  });

  it('runs autoClr: range test, policy, training', async () => {
    const { trainable } = tinyModel(device, sgd());
    const before = (await trainable.evaluate(goals)).loss;
    const result = await autoClr(trainable, goals, { steps: 400, validation: goals });
    expect(result.run?.steps.length).toBeGreaterThan(200);
    expect(result.best?.loss).toBe((await trainable.evaluate(goals)).loss);
    expect((await trainable.evaluate(goals)).loss).toBeLessThan(before);
    trainable.dispose();
  });

  it('reads many losses in one readback while the device runs ahead', async () => {
    const { trainable } = tinyModel(device);
    const { createBuffer } = device;
    let readbacks = 0;
    device.createBuffer = (descriptor) => {
      if (descriptor.label === 'clr losses') readbacks += 1;
      return createBuffer.call(device, descriptor);
    };
    await train(trainable, goals, { policy, steps: 200 });
    device.createBuffer = createBuffer;
    expect(readbacks).toBeLessThanOrEqual(4); // Buffers are reused: 200 losses make fewer than 200 buffers.
    trainable.dispose();
  });

  it('refuses bad options', () => {
    const buffer = (size: number) =>
      device.createBuffer({ size, usage: usage.storage | usage.copySource | usage.copyTarget });
    const optimizer = createOptimizer(device, sgd(), [{ value: buffer(4), gradient: buffer(4), length: 1 }]);
    const good = { optimizer, encodeGradients: () => {}, loss: buffer(4) };
    for (const [options, received] of [
      [{ encodeGradients: undefined }, 'encodeGradients to be a function'],
      [{ encodeLoss: 1 }, 'encodeLoss to be a function'],
      [{ examples: 5 }, 'examples to be a function'],
      [{ loss: undefined }, 'the loss to be a GPUBuffer'],
      [{ state: buffer(8) }, 'a list of buffers'],
      [{ state: [buffer(6)] }, 'a multiple of 4 bytes'],
    ] as const) {
      expect(() => createTrainable(device, { ...good, ...options } as never)).toThrow(received);
    }
    optimizer.dispose();
  });

  it('refuses a function that encodes asynchronously, before anything is submitted', async () => {
    const buffer = (size: number) =>
      device.createBuffer({ size, usage: usage.storage | usage.copySource | usage.copyTarget });
    const optimizer = createOptimizer(device, sgd(), [{ value: buffer(4), gradient: buffer(4), length: 1 }]);
    const encodeGradients = async () => {
      throw new Error('too late');
    };
    const trainable = createTrainable(device, { optimizer, encodeGradients, loss: buffer(4) });
    expect(() => trainable.trainStep(1, { lr: 0.1 })).toThrow('encodeGradients to encode before it returns');
    await expect(trainable.evaluate([1])).rejects.toThrow('encodeLoss to encode before it returns');
    expect((await optimizer.counters()).updates).toBe(0);
    trainable.dispose();
  });

  it('refuses a bad batch, a bad rate and a foreign snapshot before touching the model', async () => {
    const { trainable, value, optimizer } = tinyModel(device, sgd());
    expect(() => trainable.trainStep([1], { lr: 0.1 })).toThrow('a goal of 4 numbers');
    expect(() => trainable.trainStep(goals[0] as never, { lr: Number.NaN })).toThrow(/finite/);
    expect(() => trainable.trainStep(goals[0] as never, { lr: 0.1, momentum: 0.9 })).toThrow(/velocity/);
    const other = tinyModel(device, adam());
    const foreign = await other.trainable.snapshot();
    await expect(trainable.restore(foreign)).rejects.toThrow(/its optimizer is adam, and the model's sgd/);
    await expect(trainable.restore({})).rejects.toThrow(/snapshot of undefined/);
    expect(Array.from(await download(device, value))).toEqual(start);
    expect(optimizer.step).toBe(0);
    trainable.dispose();
    other.trainable.dispose();
  });
});

import { adam, constant, sgd, train, triangular } from '@clr/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { download, submit, upload } from '../test/buffers.ts';
import { countBuffers } from '../test/countBuffers.ts';
import { hasDevice, openDevice, openGpu } from '../test/device.ts';
import { smallData, smallNet } from '../test/smallNet.ts';
import { type Goal, goals, start, tinyModel } from '../test/tinyModel.ts';
import { requestDevice } from './device/requestDevice.ts';
import { fromGpuError, GpuError, type GpuFault } from './errors.ts';
import { createTrainer } from './network/createTrainer.ts';
import { createOptimizer } from './optimizer/createOptimizer.ts';

const policy = triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 5 });
const hyper = { lr: 0.01 };
const goal = goals[0] as Goal;

function fault(kind: GpuFault, text: RegExp): unknown {
  return expect.objectContaining({ name: 'GpuError', fault: kind, message: expect.stringMatching(text) });
}

describe('no device', () => {
  it('says that there is no WebGPU, or no adapter', async () => {
    await expect(requestDevice(undefined)).rejects.toEqual(
      fault('no-adapter', /navigator\.gpu is undefined/),
    );
    const blind = { requestAdapter: async () => null } as unknown as GPU;
    await expect(requestDevice(blind)).rejects.toEqual(fault('no-adapter', /gave null/));
  });
});

describe.skipIf(!hasDevice)('faults', () => {
  let device: GPUDevice;
  beforeEach(async () => {
    device = await openDevice();
  });
  afterEach(() => device.destroy());

  it('refuses an adapter without a needed limit or feature, and names what is missing', async () => {
    const gpu = await openGpu();
    await expect(requestDevice(gpu, { atLeast: { maxBufferSize: 2 ** 50 } })).rejects.toEqual(
      fault('limit', /maxBufferSize of at least 1125899906842624[\s\S]*maxBufferSize = \d+/),
    );
    const features = ['no-such-feature' as GPUFeatureName];
    await expect(requestDevice(gpu, { features })).rejects.toEqual(fault('limit', /no-such-feature/));
  });

  it('throws a typed error when the device is lost, and resumes bit for bit on a new device', async () => {
    const whole = tinyModel(device, adam());
    await train(whole.trainable, goals, { policy, steps: 30 });
    const expected = await download(device, whole.value);

    const broken = await openDevice();
    const first = tinyModel(broken, adam());
    let checkpoint: { step: number; snapshot: object } | undefined;
    const run = train(first.trainable, goals, {
      policy,
      steps: 30,
      onCycleEnd: async (end) => {
        checkpoint = { step: end.step, snapshot: await end.snapshot() };
      },
      onStep: ({ step }) => {
        if (step === 14) broken.destroy();
      },
    });
    await expect(run).rejects.toEqual(
      fault('device-lost', /was lost \(destroyed\)[\s\S]*restore the last snapshot/),
    );
    expect(checkpoint?.step).toBe(10);
    expect(() => first.trainable.trainStep(goal, hyper)).toThrow(GpuError);
    await expect(first.trainable.snapshot()).rejects.toEqual(fault('device-lost', /lost/));
    await expect(first.trainable.evaluate(goals)).rejects.toEqual(fault('device-lost', /lost/));
    first.trainable.dispose();

    const fresh = await openDevice();
    const second = tinyModel(fresh, adam());
    await train(second.trainable, goals, {
      policy,
      steps: 30,
      from: checkpoint as NonNullable<typeof checkpoint>,
    });
    expect(await download(fresh, second.value)).toEqual(expected);
    fresh.destroy();
  });

  it('resumes bit for bit on a new device if the device was lost during many submitted steps', async () => {
    const make = async (on: GPUDevice) => {
      const trainer = await createTrainer(on, smallNet, { optimizer: adam(), policy, batch: 4 });
      trainer.setData(smallData);
      return trainer;
    };
    const broken = await openDevice();
    const first = await make(broken);
    await first.trainSteps(7);
    const snapshot = await first.snapshot();
    const lost = first.trainSteps(50);
    broken.destroy();
    await expect(lost).rejects.toEqual(fault('device-lost', /restore the last snapshot/));
    await expect(first.trainSteps(1)).rejects.toEqual(fault('device-lost', /lost/));
    await expect(first.parameters()).rejects.toEqual(fault('device-lost', /lost/));
    await expect(first.predict(new Float32Array(3))).rejects.toEqual(fault('device-lost', /lost/));
    first.dispose();

    const whole = await make(device);
    await whole.trainSteps(57);
    const second = await make(device);
    await second.restore(snapshot);
    await second.trainSteps(50);
    expect(await second.parameters()).toEqual(await whole.parameters());
    whole.dispose();
    second.dispose();
  });

  it('refuses a step after a buffer was destroyed and keeps the snapshot intact', async () => {
    const { trainable, gradient, value } = tinyModel(device);
    await train(trainable, goals, { policy, steps: 5 });
    const before = await download(device, value);
    const snapshot = await trainable.snapshot();
    gradient.destroy();
    const { loss } = trainable.trainStep(goal, hyper);
    await expect(loss).rejects.toEqual(fault('buffer-destroyed', /destroyed/));
    expect(() => trainable.trainStep(goal, hyper)).toThrow(GpuError);
    trainable.dispose();
    const again = tinyModel(device);
    await again.trainable.restore(snapshot);
    expect(await download(device, again.value)).toEqual(before);
    await expect(again.trainable.trainStep(goal, hyper).loss).resolves.toBeGreaterThan(0);
  });

  it('reports an error that other code caused at the next call only', async () => {
    const { trainable } = tinyModel(device);
    device.createBuffer({ size: 2 ** 50, usage: 0x80 });
    await device.queue.onSubmittedWorkDone();
    await new Promise((done) => setTimeout(done, 50));
    expect(() => trainable.trainStep(goal, hyper)).toThrow(
      fault('uncaptured', /no errors on the device/) as Error,
    );
    await expect(trainable.trainStep(goal, hyper).loss).resolves.toBeGreaterThan(0);
    trainable.dispose();
  });

  it("reports at the next call that the device refused an optimizer's commands", async () => {
    const value = upload(device, start);
    const gradient = upload(device, start);
    const optimizer = createOptimizer(device, sgd(), [{ value, gradient, length: 4 }], constant({ lr: 1 }));
    value.destroy();
    submit(device, (encoder) => optimizer.encode(encoder));
    await expect(optimizer.counters()).rejects.toEqual(fault('buffer-destroyed', /destroyed/));
    optimizer.dispose();
    expect(() => submit(device, (encoder) => optimizer.encode(encoder))).toThrow(
      fault('disposed', /after dispose/) as Error,
    );
  });

  it('reports out of memory as a fault of its own', async () => {
    // The device fakes an out-of-memory error, so that the test does not fill the machine's memory.
    const { popErrorScope } = device;
    let pops = 0;
    device.popErrorScope = () => {
      const real = popErrorScope.call(device);
      pops += 1;
      return pops === 2 ? real.then(() => new GPUOutOfMemoryError('allocation failed')) : real;
    };
    const { optimizer } = tinyModel(device, adam());
    device.popErrorScope = popErrorScope;
    await expect(optimizer.counters()).rejects.toEqual(
      fault(
        'out-of-memory',
        /memory for creating the optimizer[\s\S]*allocation failed[\s\S]*smaller batches/,
      ),
    );
    expect(fromGpuError(new GPUOutOfMemoryError(''), 'x').fault).toBe('out-of-memory');
  });

  it('leaks no buffer over 5,000 steps', async () => {
    const { live, stop } = countBuffers(device);
    const model = tinyModel(device, adam());
    const batches = goals;
    await train(model.trainable, batches, { policy, steps: 100 });
    const early = live();
    await train(model.trainable, batches, { policy: constant({ lr: 0.01 }), steps: 5000 });
    await model.trainable.snapshot();
    await model.optimizer.counters();
    expect(live() - early).toBeLessThan(8); // Staging buffers are still being released.
    model.trainable.dispose();
    model.free();
    await new Promise((done) => setTimeout(done, 50));
    expect(live()).toBe(0);
    stop();
  });
});

import { adam, type Optimizer, rmsProp, sgd } from '@clr/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { download, upload } from '../../test/buffers.ts';
import { countBuffers } from '../../test/countBuffers.ts';
import { hasDevice, openDevice } from '../../test/device.ts';
import { goals, tinyModel } from '../../test/tinyModel.ts';
import { GpuError } from '../errors.ts';
import { createTrainer } from '../network/createTrainer.ts';
import { batchNorm, conv2d, dense, dropout, type Layer, relu, tanh } from '../network/layers.ts';
import { network } from '../network/network.ts';
import type { GpuTrainer } from '../network/trainer.ts';
import { createOptimizer } from '../optimizer/createOptimizer.ts';
import { createTrainable } from './createTrainable.ts';
import type { FirstSnapshot, GpuSnapshot } from './snapshot.ts';

const batch = {
  input: Float32Array.from({ length: 4 * 16 }, (_, i) => Math.sin(i)),
  target: [0, 1, 2, 1],
};
const layersOf = (more: readonly Layer[] = []): readonly Layer[] => [
  conv2d({ filters: 4, kernel: 3, padding: 1 }),
  batchNorm(),
  relu(),
  dense({ units: 4 }),
  dense({ units: 4 }),
  ...more,
  dense({ units: 3 }),
];

describe.skipIf(!hasDevice)('restore', () => {
  let device: GPUDevice;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.destroy());

  it('refuses a snapshot with one bad value with a clear error, and changes nothing', async () => {
    const model = tinyModel(device, adam());
    const good = (await model.trainable.snapshot()) as GpuSnapshot;
    const before = await download(device, model.value);
    const [first, ...others] = good.tensors;
    const odd: readonly unknown[] = [null, '', -1, 0.5, {}, [null], { toString: 1 }, Symbol('s'), true];
    for (const value of odd) {
      const spoiled: object[] = [
        ...['version', 'adapter', 'step', 'optimizer', 'topology', 'tensors'].map((key) => ({
          ...good,
          [key]: value,
        })),
        { ...good, tensors: [value, ...others] },
        ...['name', 'dtype', 'shape', 'values'].map((key) => ({
          ...good,
          tensors: [{ ...first, [key]: value }, ...others],
        })),
        { ...good, tensors: [{ ...first, shape: [value] }, ...others] },
      ];
      for (const snapshot of spoiled) {
        await expect(model.trainable.restore(snapshot)).rejects.toThrow(/^\[clr\/webgpu\] Expected /);
      }
    }
    expect(await download(device, model.value)).toEqual(before);
    model.trainable.dispose();
  });

  const open = (layers: readonly Layer[] = layersOf(), optimizer: Optimizer = adam(), seed = 1) => {
    const net = network({ input: [4, 4, 1], layers, loss: 'crossEntropy' });
    return createTrainer(device, net, { optimizer, batch: 4, seed });
  };
  const step = async (trainer: GpuTrainer) => trainer.trainStep(batch, { lr: 0.1 }).loss;
  const trained = async (layers?: readonly Layer[], optimizer?: Optimizer): Promise<GpuSnapshot> => {
    const trainer = await open(layers, optimizer);
    await step(trainer);
    await step(trainer);
    const snapshot = structuredClone(await trainer.snapshot());
    trainer.dispose();
    return snapshot as GpuSnapshot;
  };

  it('restores every bit in another trainer, even with another dropout rate', async () => {
    const [first, second] = [
      await open(layersOf([dropout({ rate: 0.5 })])),
      await open(layersOf([dropout({ rate: 0.25 })]), adam(), 9),
    ];
    await step(first);
    await second.restore(structuredClone(await first.snapshot()));
    expect(await second.parameters()).toEqual(await first.parameters());
    expect(await second.snapshot()).toEqual(await first.snapshot());
    first.dispose();
    second.dispose();
  });

  it.each<[string, readonly Layer[], Optimizer, RegExp]>([
    ['an extra layer', layersOf([dense({ units: 4 })]), adam(), /dense4\.weight is missing/],
    ['a missing layer', layersOf().slice(0, -1), adam(), /dense3\.weight is not in the model/],
    [
      'a wider layer',
      [...layersOf().slice(0, -2), dense({ units: 5 }), dense({ units: 3 })],
      adam(),
      /dense2\.weight is float32\[4, 4\], and in the model float32\[4, 5\]/,
    ],
    [
      'other activations',
      layersOf([tanh()]),
      adam(),
      /its layer 4 is dense .*, and in the model dense .* tanh/,
    ],
    [
      'another order of layers, with equal sizes',
      [...layersOf().slice(0, 2), tanh(), ...layersOf().slice(3)],
      adam(),
      /its layer 2 is batchNorm .* relu, and in the model batchNorm .* tanh/,
    ],
    ['another optimizer', layersOf(), sgd(), /its optimizer is adam, and the model's sgd/],
    [
      'an optimizer with the same number of slots',
      layersOf(),
      rmsProp({ momentum: 0.9 }),
      /its optimizer is adam/,
    ],
  ])(
    'refuses a snapshot of another model before anything changes: %s',
    async (_, layers, optimizer, message) => {
      const trainer = await open(layers, optimizer);
      const before = await trainer.snapshot();
      await expect(trainer.restore(await trained())).rejects.toThrow(message);
      expect(await trainer.snapshot()).toEqual(before);
      trainer.dispose();
    },
  );

  it("refuses a snapshot of sgd without momentum if the model's sgd has momentum", async () => {
    const trainer = await open(layersOf(), sgd({ momentum: 0.9 }));
    const snapshot = await trained(layersOf(), sgd());
    await expect(trainer.restore(snapshot)).rejects.toThrow(/conv1\.weight, slot 0 is missing/);
    trainer.dispose();
  });

  it('refuses snapshots of other adapters, snapshots from JSON, and truncated ones', async () => {
    const trainer = await open();
    const snapshot = await trained();
    const before = await trainer.snapshot();
    const [first, ...rest] = snapshot.tensors;
    for (const [given, message] of [
      [{ ...snapshot, adapter: 'tfjs' }, /snapshot of tfjs/],
      [{}, /snapshot of undefined/],
      [JSON.parse(JSON.stringify(snapshot)), /structuredClone/],
      [
        { ...snapshot, tensors: [{ ...first, values: first!.values.slice(1) }, ...rest] },
        /the values of conv1\.weight/,
      ],
      [{ ...snapshot, tensors: rest }, /conv1\.weight is missing/],
      [{ ...snapshot, step: -1 }, /the step or the optimizer/],
    ] as const) {
      await expect(trainer.restore(given)).rejects.toThrow(message);
    }
    expect(await trainer.snapshot()).toEqual(before);
    trainer.dispose();
  });

  it('restores what matches by name and shape with { partial: true }', async () => {
    const snapshot = await trained();
    const trainer = await open([...layersOf().slice(0, -1), dense({ units: 2 })], sgd());
    const before = await trainer.parameters();
    await trainer.restore(snapshot, { partial: true });
    const saved = new Map(snapshot.tensors.map((tensor) => [tensor.name, tensor.values]));
    for (const [name, { data }] of await trainer.parameters()) {
      expect(data, name).toEqual(name.startsWith('dense3') ? before.get(name)!.data : saved.get(name));
    }
    expect((await trainer.optimizer.counters()).step).toBe(0);
    trainer.dispose();
  });

  it('refuses a snapshot if none of its tensors fits, even with { partial: true }', async () => {
    const snapshot = await trained();
    const tensors = snapshot.tensors.map((tensor) => ({ ...tensor, name: `other.${tensor.name}` }));
    const trainer = await open();
    const before = await trainer.snapshot();
    await expect(trainer.restore({ ...snapshot, tensors }, { partial: true })).rejects.toThrow(
      /^\[clr\/webgpu\] Expected a snapshot with a tensor that fits this network/,
    );
    expect(await trainer.snapshot()).toEqual(before);
    trainer.dispose();
  });

  it('restores a snapshot with the changes that the caller has made to it', async () => {
    const trainer = await open();
    const snapshot = await trainer.snapshot();
    const bias = snapshot.tensors.find(({ name }) => name === 'dense1.bias')!;
    bias.values.fill(7);
    await trainer.restore(snapshot);
    expect((await trainer.parameters()).get('dense1.bias')!.data).toEqual(new Float32Array(4).fill(7));
    trainer.dispose();
  });

  /**
   * Parameters whose sizes cover every split into blocks and vec4s. Element `i` of parameter `index` has the gradient
   * `index + 1 + i % 7`, so the parameters differ.
   */
  const sizes = [3, 1024, 1500, 4, 2049];
  function own(order: readonly number[], shared: boolean, on: GPUDevice = device, optimizer = adam()) {
    const total = order.reduce((sum, index) => sum + (sizes[index] as number), 0);
    const gradientOf = (index: number) =>
      Float32Array.from({ length: sizes[index] as number }, (_, i) => index + 1 + (i % 7));
    const buffers = shared ? [upload(on, new Float32Array(total)), upload(on, new Float32Array(total))] : [];
    let offset = 0;
    const parameters = order.map((index) => {
      const length = sizes[index] as number;
      const name = `w${index}`;
      if (!shared) {
        const [value, gradient] = [upload(on, new Float32Array(length)), upload(on, gradientOf(index))];
        return { name, length, value, gradient };
      }
      const [value, gradient] = buffers as [GPUBuffer, GPUBuffer];
      on.queue.writeBuffer(gradient, offset * 4, gradientOf(index));
      const parameter = { name, length, value, gradient, valueOffset: offset, gradientOffset: offset };
      offset += length;
      return parameter;
    });
    const trainable = createTrainable(on, {
      optimizer: createOptimizer(on, optimizer, parameters),
      loss: upload(on, [0]),
      encodeGradients: () => {},
    });
    const values = async () =>
      Object.fromEntries(
        await Promise.all(
          parameters.map(async ({ name, value, length, ...at }) => [
            name,
            await download(on, value, 'valueOffset' in at ? at.valueOffset : 0, length),
          ]),
        ),
      ) as Record<string, Float32Array>;
    return { trainable, values };
  }

  it.each<[string, readonly number[], boolean, boolean]>([
    ['in separate buffers', [0, 1, 2, 3, 4], false, false],
    ['in one buffer, in another order', [4, 2, 0, 3, 1], true, false],
    ['in separate buffers, in another order', [3, 4, 1, 0, 2], false, false],
    ['on a device with few bindings and small ones', [2, 0, 4, 1, 3], false, true],
    ['in one buffer of a device with small bindings', [1, 0, 4, 2, 3], true, true],
  ])('finds weights and slots by name: %s', async (_, order, shared, narrow) => {
    const from = own([0, 1, 2, 3, 4], true);
    for (let turn = 0; turn < 3; turn++) from.trainable.trainStep(undefined, { lr: 0.1 });
    const snapshot = structuredClone(await from.trainable.snapshot());
    const on = narrow ? await openDevice() : device;
    if (narrow) {
      const limits = new Proxy(on.limits, {
        get: (all, name) =>
          name === 'maxStorageBuffersPerShaderStage'
            ? 4
            : name === 'maxStorageBufferBindingSize'
              ? 8192
              : all[name as keyof GPUSupportedLimits],
      });
      Object.defineProperty(on, 'limits', { value: limits });
    }
    const to = own(order, shared, on);
    to.trainable.trainStep(undefined, { lr: 1 });
    await to.trainable.restore(snapshot);
    expect(await to.values()).toEqual(await from.values());
    // The next step depends on the slots.
    from.trainable.trainStep(undefined, { lr: 0.1 });
    to.trainable.trainStep(undefined, { lr: 0.1 });
    expect(await to.values()).toEqual(await from.values());
    const named = (tensors: GpuSnapshot['tensors']) =>
      new Map(tensors.map((tensor) => [tensor.name, tensor]));
    expect(named((await to.trainable.snapshot()).tensors)).toEqual(
      named((await from.trainable.snapshot()).tensors),
    );
    from.trainable.dispose();
    to.trainable.dispose();
    if (narrow) on.destroy();
  });

  it('restores snapshots of version 1, which have byte offsets instead of names', async () => {
    const { trainable, value, free } = tinyModel(device, adam());
    for (const goal of goals) trainable.trainStep(goal, { lr: 0.1 });
    const snapshot = await trainable.snapshot();
    const weights = await download(device, value);
    const valuesOf = (name: string) => snapshot.tensors.find((tensor) => tensor.name === name)!.values;
    // In the old layout: counters, all slots of a run in order, the weights.
    const data = [
      valuesOf('counters'),
      Float32Array.of(...valuesOf('parameters[0], slot 0'), ...valuesOf('parameters[0], slot 1')),
      weights,
    ].map(({ buffer }) => new Uint8Array(buffer as ArrayBuffer));
    const sizes = data.map(({ byteLength }) => byteLength);
    const first: FirstSnapshot = { version: 1, type: 'webgpu', optimizer: 'adam', step: 4, sizes, data };
    trainable.trainStep(goals[0]!, { lr: 1 });
    await trainable.restore(first);
    expect(await trainable.snapshot()).toEqual(snapshot);
    await expect(trainable.restore({ ...first, sizes: [32, 16, 16], data: [] })).rejects.toThrow(GpuError);
    trainable.dispose();
    free();
  });

  it('refuses duplicate names, and shapes that do not match the length', () => {
    const [value, gradient] = [upload(device, [1, 2, 3, 4]), upload(device, [1, 2, 3, 4])];
    const one = { value, gradient, length: 2 };
    const other = { ...one, valueOffset: 2, gradientOffset: 2 };
    const make = (parameters: Parameters<typeof createOptimizer>[2]) =>
      createOptimizer(device, sgd(), parameters);
    expect(() =>
      make([
        { ...one, name: 'w' },
        { ...other, name: 'w' },
      ]),
    ).toThrow(/both "w"/);
    expect(() => make([{ ...one, name: 'parameters[1]' }, other])).toThrow(/both "parameters\[1\]"/);
    expect(() => make([{ ...one, dims: [3] }])).toThrow(/dims of parameters\[0\] to have 2 numbers/);
  });

  it('allows two dispose() calls at once, rejects pending calls, and leaks nothing', async () => {
    const { live, stop } = countBuffers(device);
    const model = tinyModel(device, adam());
    const { trainable } = model;
    const snapshot = await trainable.snapshot();
    const { loss } = trainable.trainStep(goals[0]!, { lr: 0.1 });
    const taking = trainable.snapshot();
    const both = [trainable.snapshot(), trainable.snapshot()];
    const evaluating = trainable.evaluate(
      (async function* () {
        yield goals[0]!;
        await new Promise((done) => setTimeout(done, 20));
        yield goals[1]!;
      })(),
    );
    const ended = Promise.allSettled([loss, taking, ...both, evaluating]);
    await Promise.all([trainable.dispose(), trainable.dispose()]);
    expect(() => trainable.trainStep(goals[0]!, { lr: 0.1 })).toThrow(/a call after dispose/);
    for (const call of [trainable.snapshot(), trainable.restore(snapshot), trainable.evaluate(goals)]) {
      await expect(call).rejects.toMatchObject({ fault: 'disposed' });
    }
    for (const result of await ended) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ fault: 'disposed' });
    }
    model.free();
    expect(live()).toBe(0);
    stop();
  });

  it('undoes the steps submitted before restore(), and keeps those submitted after it', async () => {
    const { trainable, value, free } = tinyModel(device, adam());
    const snapshot = await trainable.snapshot();
    trainable.trainStep(goals[0]!, { lr: 0.1 });
    const putting = trainable.restore(snapshot);
    trainable.trainStep(goals[1]!, { lr: 0.1 });
    await putting;
    const mixed = await download(device, value);
    await trainable.restore(snapshot);
    trainable.trainStep(goals[1]!, { lr: 0.1 });
    expect(await download(device, value)).toEqual(mixed);
    trainable.dispose();
    free();
  });
});

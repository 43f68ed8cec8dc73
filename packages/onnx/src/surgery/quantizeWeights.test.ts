import { adam } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { constantNode, makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { makeTensor } from '../format/tensor.ts';
import {
  addLora,
  buildModel,
  createTrainer,
  cutAt,
  describeHead,
  describeModel,
  isLora,
  quantizeWeights,
  replaceHead,
  saveLora,
} from '../index.ts';

const model = buildModel({
  input: [2, 6, 6],
  layers: [
    { type: 'conv2d', filters: 3, kernel: 3 },
    { type: 'relu' },
    { type: 'dense', units: 40 },
    { type: 'relu' },
    { type: 'dense', units: 4 },
  ],
});
const wave = (length: number): number[] => Array.from({ length }, (_, i) => Math.sin(i * i + 1) / 2);
const input = new ort.Tensor(
  'float32',
  Float32Array.from({ length: 5 * 72 }, (_, i) => Math.sin(i * i)),
  [5, 2, 6, 6],
);
const batch = { input, target: new ort.Tensor('int64', BigInt64Array.of(0n, 1n, 2n, 3n, 0n), [5]) };
const session = { logSeverityLevel: 3 } as const;
const options = { loss: 'crossEntropy', optimizer: adam(), deterministic: true, session } as const;

async function outputOf(file: Uint8Array): Promise<Float32Array> {
  const made = await ort.InferenceSession.create(file, session);
  const [output] = Object.values(await made.run({ input }));
  await made.release();
  return (output as ort.Tensor).data as Float32Array;
}

async function weightsOf(file: Uint8Array): Promise<Map<string, { dims: number[]; data: Float32Array }>> {
  const trainer = await createTrainer(ort, file, options);
  const weights = await trainer.parameters();
  await trainer.dispose();
  return weights;
}

describe('quantizeWeights', () => {
  it.each([
    { bits: 8, steps: 127, near: 0.01 },
    { bits: 4, steps: 7, near: 0.2 },
  ] as const)(
    'rounds weights to $bits bits, with errors of at most half a step',
    async ({ bits, steps, near }) => {
      const small = quantizeWeights(model, { bits });
      expect(small.length).toBeLessThan(model.length);
      const [before, after] = [await weightsOf(model), await weightsOf(small)];
      expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
      const changed = new Set<string>();
      for (const [name, { data, dims }] of before) {
        const own = after.get(name);
        // The weight of a MatMulNBits is read as [K, N], that of a Gemm as [N, K].
        const turned = own?.dims.join() !== dims.join();
        const [n = 0, k = 0] = dims;
        const largest = Math.max(...data.map(Math.abs));
        data.forEach((value, i) => {
          const at = turned ? (i % k) * n + Math.floor(i / k) : i;
          const error = Math.abs(value - (own?.data[at] as number));
          expect(error).toBeLessThanOrEqual((largest / steps / 2) * 1.0001);
          if (error > 0) changed.add(name);
        });
      }
      expect([...changed].sort()).toEqual(['conv2d1.weight', 'dense1.weight', 'dense2.weight']);
      const [floats, rounded] = [await outputOf(model), await outputOf(small)];
      const size = Math.hypot(...floats);
      const difference = Math.hypot(...floats.map((value, i) => value - (rounded[i] as number)));
      expect(difference / size).toBeLessThan(near);
      expect(difference).toBeGreaterThan(0);
    },
  );

  it.each([8, 4] as const)(
    'gives %i-bit weights that can be trained, and the exported model has the loss that evaluate() gives',
    async (bits) => {
      const trainer = await createTrainer(ort, quantizeWeights(model, { bits }), options);
      const { loss: before } = await trainer.evaluate([batch]);
      for (let step = 0; step < 30; step++) await trainer.trainStep(batch, { lr: 0.01 });
      const { loss } = await trainer.evaluate([batch]);
      const exported = await trainer.exportModel();
      await trainer.dispose();
      expect(loss).toBeLessThan(before / 2);
      const logits = await outputOf(exported);
      const mean =
        [...batch.target.data].reduce((sum, label, row) => {
          const own = [...logits.subarray(4 * row, 4 * row + 4)];
          return (
            sum +
            Math.log(own.reduce((all, value) => all + Math.exp(value), 0)) -
            (own[Number(label)] as number)
          );
        }, 0) / 5;
      expect(loss).toBeCloseTo(mean, 4);
    },
  );

  it('stores 4-bit weights of convolutions in every opset, even if their number is odd', async () => {
    const nets = [13, 21].map((opset) =>
      makeModel({
        opset,
        inputs: [{ name: 'input', type: DataType.FLOAT, dims: ['{n}', 2, 6, 6] }],
        outputs: [{ name: 'y', type: DataType.FLOAT, dims: ['{n}', 5, 4, 4] }],
        initializers: [
          { name: 'w', type: DataType.FLOAT, dims: [5, 1, 3, 3], values: wave(45) },
          { name: 'own', type: DataType.FLOAT, dims: [2, 2, 1, 1], values: wave(4) },
        ],
        nodes: [
          { op: 'Conv', inputs: ['input', 'own'], outputs: ['h'] },
          { op: 'Slice', inputs: ['h', 'from', 'to', 'axes'], outputs: ['s'] },
          { op: 'Conv', inputs: ['s', 'w'], outputs: ['y'] },
        ],
        tensors: [0, 1, 1].map((value, i) =>
          makeTensor(['from', 'to', 'axes'][i] as string, DataType.INT64, [1], [value]),
        ),
      }),
    );
    const [old, newer] = await Promise.all(nets.map((net) => outputOf(quantizeWeights(net, { bits: 4 }))));
    expect(old).toEqual(newer);
    const floats = await outputOf(nets[0] as Uint8Array);
    const difference = Math.hypot(...floats.map((value, i) => value - (newer?.[i] as number)));
    expect(difference / Math.hypot(...floats)).toBeLessThan(0.2);
    expect(difference).toBeGreaterThan(0);
    for (const net of nets) {
      const trainer = await createTrainer(ort, quantizeWeights(net, { bits: 4 }), {
        ...options,
        loss: 'mse',
      });
      const batch = { input, target: new ort.Tensor('float32', new Float32Array(400), [5, 5, 4, 4]) };
      for (let step = 0; step < 20; step++) await trainer.trainStep(batch, { lr: 0.05 });
      const { loss } = await trainer.evaluate([batch]);
      const exported = await outputOf(await trainer.exportModel());
      await trainer.dispose();
      expect(loss).toBeLessThan(floats.reduce((sum, value) => sum + value ** 2, 0) / floats.length / 2);
      expect(loss).toBeCloseTo(exported.reduce((sum, value) => sum + value ** 2, 0) / exported.length, 6);
    }
  });

  it.each([8, 4] as const)('rounds a weight that several nodes read to %i bits', async (bits) => {
    const shared = makeModel({
      inputs: [{ name: 'input', type: DataType.FLOAT, dims: ['{n}', 4] }],
      outputs: [{ name: 'y', type: DataType.FLOAT, dims: ['{n}', 4] }],
      initializers: [{ name: 'w', type: DataType.FLOAT, dims: [4, 4], values: wave(16) }],
      nodes: [
        { op: 'MatMul', inputs: ['input', 'w'], outputs: ['h'] },
        { op: 'Gemm', inputs: ['h', 'w'], outputs: ['y'], attributes: { alpha: { float: 0.5 } } },
      ],
    });
    const rounded = (await weightsOf(quantizeWeights(shared, { bits }))).get('w')?.data;
    const exact = Float32Array.from(wave(16));
    expect(rounded).not.toEqual(exact);
    for (const [i, value] of exact.entries()) expect(rounded?.[i]).toBeCloseTo(value, bits === 8 ? 2 : 0.5);
  });

  it.each([8, 4] as const)('gives %i-bit weights that accept adapters, which stay floats', async (bits) => {
    const targets = (): boolean => true;
    const adapted = addLora(quantizeWeights(model, { bits }), { rank: 2, targets });
    const other = quantizeWeights(addLora(model, { rank: 2, targets }), { bits });
    expect(await outputOf(adapted)).toEqual(await outputOf(other));
    const trainer = await createTrainer(ort, adapted, { ...options, trainable: isLora });
    const { loss: before } = await trainer.evaluate([batch]);
    for (let step = 0; step < 20; step++) await trainer.trainStep(batch, { lr: 0.02 });
    const { loss } = await trainer.evaluate([batch]);
    const saved = saveLora(await trainer.exportModel());
    await trainer.dispose();
    expect(loss).toBeLessThan(before / 2);
    expect(saved.config.target_modules).toHaveLength(3);
  });

  it.each([8, 4] as const)(
    'lets %i-bit layers be frozen by their names, and keeps the scales',
    async (bits) => {
      const small = quantizeWeights(model, { bits });
      for (const trainable of [
        (name: string) => name.startsWith('dense'),
        (name: string) => !name.startsWith('conv2d'),
      ]) {
        const trainer = await createTrainer(ort, small, { ...options, trainable });
        expect([...(await trainer.parameters()).keys()].sort()).toEqual(
          ['dense1', 'dense2'].flatMap((layer) => [`${layer}.bias`, `${layer}.weight`]),
        );
        await trainer.dispose();
      }
      const scale = describeModel(small).weights.find(({ name }) => name === 'dense2.weight_scale');
      expect(scale?.why).toBe('it is a scale of integers, which training keeps');
    },
  );

  it('gives a 4-bit model whose head addLora does not adapt, and can be replaced by a float head', async () => {
    const small = quantizeWeights(model, { bits: 4 });
    const { classes, inputs, weight, bias } = describeHead(small);
    expect({ classes, inputs, weight, bias }).toEqual({
      ...{ classes: 4, inputs: 40, weight: 'dense2.weight', bias: 'dense2.bias' },
    });
    expect(saveLora(addLora(small, { rank: 2 })).config.target_modules).toEqual(['dense1']);
    const head = replaceHead(small, { classes: 6 });
    const found = describeModel(head).weights.find(({ name }) => name === 'dense2.weight');
    expect(found).toMatchObject({ type: 'float32', dims: [40, 6] });
    expect(await outputOf(head)).toHaveLength(5 * 6);
    // The new head reads the features of the old one.
    const bodies = [small, head].map((each) => cutAt(each, describeHead(each).features));
    const [before, after] = await Promise.all(bodies.map(outputOf));
    expect(after).toEqual(before);
  });

  it.each([8, 4] as const)(
    'rounds weights in Constant nodes to %i bits, as in initializers',
    async (bits) => {
      const make = (inNode: boolean): Uint8Array => {
        const weight = { name: 'w', type: DataType.FLOAT, dims: [72, 4], values: wave(288) };
        return makeModel({
          inputs: [{ name: 'input', type: DataType.FLOAT, dims: ['{n}', 2, 6, 6] }],
          outputs: [{ name: 'y', type: DataType.FLOAT, dims: ['{n}', 4] }],
          initializers: inNode ? [] : [weight],
          nodes: [
            ...(inNode ? [constantNode(weight)] : []),
            { op: 'Flatten', inputs: ['input'], outputs: ['x'] },
            { op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] },
          ],
        });
      };
      const [stored, inNode] = [false, true].map((each) => quantizeWeights(make(each), { bits }));
      expect(describeModel(inNode!).weights.map(({ name }) => name)).toContain('w');
      expect(await outputOf(inNode!)).toEqual(await outputOf(stored!));
    },
  );

  it('says which type the weights of a model have that it cannot quantize', () => {
    const doubles = makeModel({
      inputs: [{ name: 'x', type: DataType.DOUBLE, dims: [1, 2] }],
      outputs: [{ name: 'y', type: DataType.DOUBLE, dims: [1, 2] }],
      initializers: [{ name: 'w', type: DataType.DOUBLE, dims: [2, 2], values: [1, 2, 3, 4] }],
      nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    });
    expect(() => quantizeWeights(doubles, { bits: 8 })).toThrow('only weights of type float64');
  });

  it('leaves excluded weights as floats', async () => {
    const names = describeModel(model).weights.map(({ name }) => name);
    const [conv = ''] = names;
    const kept = await weightsOf(quantizeWeights(model, { bits: 8, except: (name) => name === conv }));
    expect(kept.get(conv)?.data).toEqual((await weightsOf(model)).get(conv)?.data);
  });

  it.each([
    [{ bits: 16 }, 'bits to be 8 or 4'],
    [undefined, 'an object with bits, except'],
    [{ bits: 8, exept: () => true }, 'exept'],
    [{ bits: 8, except: 'head' }, 'except to be a function of a name'],
    [{ bits: 8, except: () => true }, 'weights of convolutions and products to quantize'],
  ])('refuses invalid options: %j', (given, why) => {
    expect(() => quantizeWeights(model, given as { bits: 8 })).toThrow(why);
  });

  it('refuses an opset that does not allow a scale for each output', () => {
    const old = makeModel({
      opset: 12,
      inputs: [{ name: 'x', type: DataType.FLOAT, dims: [1, 2] }],
      outputs: [{ name: 'y', type: DataType.FLOAT, dims: [1, 2] }],
      initializers: [{ name: 'w', type: DataType.FLOAT, dims: [2, 2], values: [1, 2, 3, 4] }],
      nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    });
    expect(() => quantizeWeights(old, { bits: 8 })).toThrow('a model of opset 13 or newer');
  });
});

import { adam } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { buildModel, createTrainer, describeModel, quantizeWeights } from '../index.ts';

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

describe('weights as integers', () => {
  it.each([
    { bits: 8, steps: 127, near: 0.01 },
    { bits: 4, steps: 7, near: 0.2 },
  ] as const)('of $bits bits are within half a step of the floats', async ({ bits, steps, near }) => {
    const small = quantizeWeights(model, { bits });
    expect(small.length).toBeLessThan(model.length);
    const [before, after] = [await weightsOf(model), await weightsOf(small)];
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    let changed = 0;
    for (const [name, { data, dims }] of before) {
      const own = after.get(name);
      // A MatMulNBits has [K, N], a Gemm [N, K].
      const turned = own?.dims.join() !== dims.join();
      const [n = 0, k = 0] = dims;
      const largest = Math.max(...data.map(Math.abs));
      data.forEach((value, i) => {
        const at = turned ? (i % k) * n + Math.floor(i / k) : i;
        const error = Math.abs(value - (own?.data[at] as number));
        expect(error).toBeLessThanOrEqual((largest / steps / 2) * 1.0001);
        changed += Number(error > 0);
      });
    }
    expect(changed).toBeGreaterThan(100);
    const [floats, rounded] = [await outputOf(model), await outputOf(small)];
    const size = Math.hypot(...floats);
    const difference = Math.hypot(...floats.map((value, i) => value - (rounded[i] as number)));
    expect(difference / size).toBeLessThan(near);
    expect(difference).toBeGreaterThan(0);
  });

  it.each([8, 4] as const)('of %i bits train, and the export is what was evaluated', async (bits) => {
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
  });

  it('leave out what is to stay', async () => {
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
  ])('need legal options: %j', (given, why) => {
    expect(() => quantizeWeights(model, given as { bits: 8 })).toThrow(why);
  });

  it('need a model that can have a scale for each output', () => {
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

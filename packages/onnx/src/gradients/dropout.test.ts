import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../graph/dataType.ts';
import { buildGradientModel, createTrainer } from '../index.ts';

const float = DataType.FLOAT;
const size = 2000;
const ratio = 0.25;

/** loss = Σ dropout(w) over ones, in training form. */
const model = makeModel({
  outputs: [{ name: 'loss', type: float, dims: [] }],
  initializers: [
    { name: 'w', type: float, dims: [size], values: new Float32Array(size).fill(1) },
    { name: 'ratio', type: float, dims: [], values: [ratio] },
    { name: 'training', type: DataType.BOOL, dims: [], values: [1] },
  ],
  nodes: [
    { op: 'Dropout', inputs: ['w', 'ratio', 'training'], outputs: ['d'], attributes: { seed: 7 } },
    { op: 'ReduceSum', inputs: ['d'], outputs: ['loss'], attributes: { keepdims: 0 } },
  ],
});
const options = { loss: { output: 'loss' }, optimizer: sgd() } as const;

describe('Dropout in training form', () => {
  it('lets the gradient through where the forward pass did, scaled as it was', async () => {
    const built = buildGradientModel(model, options);
    expect(built.state[0]?.parts.map(({ name }) => name)).toEqual(['w']);
    const session = await ort.InferenceSession.create(built.bytes);
    const run = async (): Promise<{ loss: number; gradient: Float32Array }> => {
      const w = new ort.Tensor('float32', new Float32Array(size).fill(1), [size]);
      const results = await session.run({ [built.state[0]?.input as string]: w });
      const gradient = results[built.gradients?.[0]?.name as string]?.data as Float32Array;
      return { loss: Number(results[built.loss as string]?.data[0]), gradient };
    };
    const first = await run();
    const kept = first.gradient.filter((value) => value !== 0);
    for (const value of kept) expect(value).toBeCloseTo(1 / (1 - ratio), 6);
    expect(kept.length / size).toBeGreaterThan(0.7);
    expect(kept.length / size).toBeLessThan(0.8);
    // The same mask both ways: the loss is linear, so it is the sum of its gradient.
    expect(first.loss).toBeCloseTo(
      first.gradient.reduce((sum, value) => sum + value, 0),
      1,
    );
    expect((await run()).gradient).not.toEqual(first.gradient);
    await session.release();
  });

  it('is the identity in an evaluation', async () => {
    const trainer = await createTrainer(ort, model, options);
    expect((await trainer.evaluate([{}])).loss).toBe(size);
    await trainer.dispose();
  });
});

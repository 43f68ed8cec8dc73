import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { type Batch, createTrainer, type Loss } from '../index.ts';

const { FLOAT } = DataType;
const size = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);

/** A model that returns its biases for any input: [N, …tail], for inputs of the same shape. */
function constantModel(tail: readonly number[], biases: readonly number[]) {
  const dims = ['{n}', ...tail];
  return makeModel({
    inputs: [{ name: 'x', type: FLOAT, dims }],
    outputs: [{ name: 'y', type: FLOAT, dims }],
    initializers: [
      { name: 'w', type: FLOAT, dims: tail, values: Array(size(tail)).fill(0) },
      { name: 'b', type: FLOAT, dims: tail, values: [...biases] },
    ],
    nodes: [
      { op: 'Mul', inputs: ['x', 'w'], outputs: ['none'] },
      { op: 'Add', inputs: ['none', 'b'], outputs: ['y'] },
    ],
  });
}

const batch = (tail: readonly number[], values: readonly number[], dims: readonly number[]): Batch => {
  const shape = [dims[0] as number, ...tail];
  return {
    x: new ort.Tensor('float32', new Float32Array(size(shape)), shape),
    target: new ort.Tensor('float32', Float32Array.from(values), [...dims]),
  };
};
const labels = (tail: readonly number[], values: readonly number[], dims: readonly number[]): Batch => ({
  ...batch(tail, values, dims),
  target: new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [...dims]),
});
const logs = (...shares: number[]) => shares.map(Math.log);

describe('constantAnswer', () => {
  it.each<[string, Loss, readonly number[], readonly number[], readonly Batch[]]>([
    ['mse', 'mse', [2], [3, 20], [batch([2], [1, 10, 5, 30], [2, 2])]],
    ['bceWithLogits', 'bceWithLogits', [1], [Math.log(3)], [batch([1], [1, 1, 0, 1], [4, 1])]],
    [
      'class indices in two batches',
      'crossEntropy',
      [3],
      logs(0.5, 0.25, 0.25),
      [labels([3], [0, 1, 0], [3]), labels([3], [2], [1])],
    ],
    [
      'class indices at positions',
      { type: 'crossEntropy', axis: 1 },
      [2, 2],
      logs(0.75, 0.75, 0.25, 0.25),
      [labels([2, 2], [0, 0, 1, 0], [2, 2])],
    ],
    [
      'distributions at positions',
      { type: 'crossEntropy', axis: 1 },
      [2, 2],
      logs(0.6, 0.6, 0.4, 0.4),
      [batch([2, 2], [0.9, 0.3, 0.1, 0.7, 0.6, 0.6, 0.4, 0.4], [2, 2, 2])],
    ],
  ])('equals the evaluation of a model with the best biases: %s', async (_, loss, tail, biases, batches) => {
    const trainer = await createTrainer(ort, constantModel(tail, biases), { loss, optimizer: sgd() });
    const [answer, measured] = [await trainer.constantAnswer!(batches), await trainer.evaluate(batches)];
    expect(answer!.loss).toBeCloseTo(measured.loss, 5);
    expect(answer!.accuracy ?? -1).toBeCloseTo(measured.accuracy ?? -1, 6);
    await trainer.dispose();
  });

  it('reads the batches of one update one by one, and refuses bad batches', async () => {
    const trainer = await createTrainer(ort, constantModel([1], [0]), { loss: 'mse', optimizer: sgd() });
    const parts = [batch([1], [1], [1, 1]), batch([1], [3], [1, 1])];
    const lists = [parts] as unknown as Batch[];
    expect(await trainer.constantAnswer!(lists)).toEqual({ loss: 1 });
    await expect(trainer.constantAnswer!([{}])).rejects.toThrow(/a batch with "x", "target"/);
    await trainer.dispose();
  });

  it('is absent if the model computes its own loss', async () => {
    const model = makeModel({
      inputs: [{ name: 'x', type: FLOAT, dims: ['{n}', 1] }],
      outputs: [{ name: 'own', type: FLOAT, dims: [] }],
      initializers: [{ name: 'w', type: FLOAT, dims: [1], values: [1] }],
      nodes: [
        { op: 'Mul', inputs: ['x', 'w'], outputs: ['y'] },
        { op: 'ReduceMean', inputs: ['y'], outputs: ['own'], attributes: { keepdims: 0 } },
      ],
    });
    const trainer = await createTrainer(ort, model, { loss: { output: 'own' }, optimizer: sgd() });
    expect(trainer.constantAnswer).toBeUndefined();
    await trainer.dispose();
  });
});

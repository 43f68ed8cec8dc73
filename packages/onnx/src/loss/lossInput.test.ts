import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type ModelSpec, makeModel, type NodeSpec } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { createTrainer, type TrainingOptions } from '../index.ts';

const { FLOAT: float, INT64: long } = DataType;
const label = { name: 'label', type: long, dims: ['{n}', 1] };

/** A linear layer of `units` that makes "z", followed by other nodes. */
function model(units: number, nodes: readonly NodeSpec[], outputs: ModelSpec['outputs']): Uint8Array {
  return makeModel({
    inputs: [{ name: 'x', type: float, dims: ['{n}', 2] }],
    outputs,
    initializers: [
      {
        name: 'w',
        type: float,
        dims: [2, units],
        values: [0.3, -0.2, 0.5, 0.1, -0.4, 0.7].slice(0, 2 * units),
      },
      { name: 'unity', type: float, dims: [], values: [1] },
    ],
    nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['z'] }, ...nodes],
  });
}

const x = new ort.Tensor('float32', Float32Array.of(1, 2, -1, 0.5, 0.25, -2), [3, 2]);
const classes = new ort.Tensor('int64', BigInt64Array.of(0n, 1n, 1n), [3]);

async function gradientOf(
  bytes: Uint8Array,
  target: ort.Tensor,
  options: Pick<TrainingOptions, 'loss'> & Partial<TrainingOptions>,
): Promise<Float32Array> {
  const trainer = await createTrainer(ort, bytes, { optimizer: sgd(), ...options });
  const gradients = await trainer.gradients({ x, target });
  await trainer.dispose();
  return gradients.get('w')?.data as Float32Array;
}

const z = (units: number) => [{ name: 'z', type: float, dims: ['{n}', units] }];
const probabilities = { name: 'p', type: float, dims: ['{n}', 2] };
const softmax: NodeSpec = { op: 'Softmax', inputs: ['z'], outputs: ['p'], attributes: { axis: 1 } };
const argMax: NodeSpec = { op: 'ArgMax', inputs: ['p'], outputs: ['label'], attributes: { axis: 1 } };

describe('the value that a loss is computed on', () => {
  it('is the logits of the first float output, because a classifier may return labels first', async () => {
    const expected = await gradientOf(model(2, [], z(2)), classes, { loss: 'crossEntropy' });
    const labelled = model(2, [softmax, argMax], [label, probabilities]);
    expect(await gradientOf(labelled, classes, { loss: 'crossEntropy' })).toEqual(expected);
  });

  it('is z for a model that ends in the probabilities 1 − σ(z) and σ(z)', async () => {
    const sure: NodeSpec[] = [
      { op: 'Sigmoid', inputs: ['z'], outputs: ['yes'] },
      { op: 'Sub', inputs: ['unity', 'yes'], outputs: ['no'] },
      { op: 'Concat', inputs: ['no', 'yes'], outputs: ['p'], attributes: { axis: 1 } },
    ];
    const found = await gradientOf(model(1, [...sure, argMax], [label, probabilities]), classes, {
      loss: 'crossEntropy',
    });
    const target = new ort.Tensor('float32', Float32Array.of(0, 1, 1), [3, 1]);
    const expected = await gradientOf(model(1, [], z(1)), target, { loss: 'bceWithLogits' });
    found.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] as number, 6);
    });
    // A model that ends in Sigmoid gives the same gradients.
    const ends = model(1, sure.slice(0, 1), [{ name: 'yes', type: float, dims: ['{n}', 1] }]);
    expect(await gradientOf(ends, target, { loss: 'bceWithLogits' })).toEqual(expected);
  });

  it('is refused if it is not a float, or if the model has no such output', async () => {
    const bytes = model(2, [softmax, argMax], [label, probabilities]);
    await expect(gradientOf(bytes, classes, { loss: 'crossEntropy', output: 'label' })).rejects.toThrow(
      /"label" of type int64/,
    );
    await expect(gradientOf(bytes, classes, { loss: 'crossEntropy', output: 'lable' })).rejects.toThrow(
      /label, p/,
    );
  });
});

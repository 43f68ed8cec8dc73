import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { createTrainer, type Loss } from '../index.ts';

const { FLOAT } = DataType;
const wave = (n: number): number[] => Array.from({ length: n }, (_, i) => Math.abs(Math.sin(i * i)));
const float = (dims: readonly number[]) =>
  new ort.Tensor('float32', Float32Array.from(wave(dims.reduce((a, b) => a * b, 1))), [...dims]);
const labels = (n: number) => new ort.Tensor('int64', new BigInt64Array(n), [n]);

/** A linear layer. The first axis of its output is dynamic. If `wide`, it is twice as long as that of the input. */
const linear = (free: string, wide: boolean) =>
  makeModel({
    inputs: [{ name: 'x', type: FLOAT, dims: [free, wide ? 6 : 3] }],
    outputs: [{ name: 'y', type: FLOAT, dims: [free, 4] }],
    initializers: [{ name: 'w', type: FLOAT, dims: [3, 4], values: wave(12) }],
    nodes: [
      ...(wide
        ? [
            { op: 'Constant', inputs: [], outputs: ['shape'], attributes: { value_ints: [-1, 3] } },
            { op: 'Reshape', inputs: ['x', 'shape'], outputs: ['rows'] },
          ]
        : []),
      { op: 'MatMul', inputs: [wide ? 'rows' : 'x', 'w'], outputs: ['y'] },
    ],
  });

const forms = [
  ['a named axis', linear('{n}', false), 3, 1],
  ['an axis without a name, as exported by scikit-learn', linear('?', false), 3, 1],
  ['an axis that the model computes', linear('?', true), 6, 2],
] as const;
const losses: readonly (readonly [string, Loss, (rows: number) => ort.Tensor])[] = [
  ['class indices', 'crossEntropy', labels],
  ['a distribution', 'crossEntropy', (rows) => float([rows, 4])],
  ['mse', 'mse', (rows) => float([rows, 4])],
  ['bceWithLogits', 'bceWithLogits', (rows) => float([rows, 4])],
];

describe.each(forms)('an output with %s', (_, model, width, times) => {
  it.each(losses)('refuses to broadcast a target of one row to a batch: %s', async (_, loss, target) => {
    const trainer = await createTrainer(ort, model, {
      loss,
      optimizer: sgd(),
      session: { logSeverityLevel: 4 },
    });
    const before = await trainer.parameters();
    const batch = { x: float([2, width]), target: target(1) };
    const message = /Expected ("target" of shape|a target with the shape of the output)/;
    await expect(trainer.trainStep(batch, { lr: 0.1 })).rejects.toThrow(message);
    await expect(trainer.gradients(batch)).rejects.toThrow(message);
    await expect(trainer.evaluate([batch])).rejects.toThrow(message);
    expect(await trainer.parameters()).toEqual(before);
    const { loss: right } = await trainer.trainStep(
      { x: float([2, width]), target: target(2 * times) },
      { lr: 0.1 },
    );
    expect(await right).toBeGreaterThan(0);
    await trainer.dispose();
  });
});

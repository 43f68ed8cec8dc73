import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type ModelSpec, makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { buildTrainingModel, createTrainer } from '../index.ts';

const { FLOAT: float } = DataType;
const wave = (n: number): number[] => Array.from({ length: n }, (_, i) => Math.sin(i * i));
const options = { loss: 'mse', optimizer: sgd() } as const;
const spec: ModelSpec = {
  inputs: [{ name: 'x', type: float, dims: ['{n}', 4] }],
  outputs: [{ name: 'y', type: float, dims: ['{n}', 2] }],
  initializers: [
    { name: 'a', type: float, dims: [4, 3], values: wave(12) },
    { name: 'b', type: float, dims: [3, 2], values: wave(6) },
  ],
  nodes: [
    { op: 'MatMul', inputs: ['x', 'a'], outputs: ['h'] },
    { op: 'Tanh', inputs: ['h'], outputs: ['t'] },
    { op: 'MatMul', inputs: ['t', 'b'], outputs: ['y'] },
  ],
};

describe('nodes out of order', () => {
  it("train as if they were in order, and the export keeps the file's order", async () => {
    const batch = {
      x: new ort.Tensor('float32', Float32Array.from(wave(12)), [3, 4]),
      target: new ort.Tensor('float32', Float32Array.from(wave(6)), [3, 2]),
    };
    const file = makeModel({ ...spec, nodes: [...spec.nodes].reverse() });
    const [plain, turned] = await Promise.all(
      [makeModel(spec), file].map((bytes) => createTrainer(ort, bytes, options)),
    );
    expect(await turned?.gradients(batch)).toEqual(await plain?.gradients(batch));
    expect(await turned?.exportModel()).toEqual(file);
    await plain?.dispose();
    await turned?.dispose();
  });

  it('are refused if they depend on each other in a cycle', () => {
    const [first, ...rest] = spec.nodes;
    if (!first) throw new Error('no nodes');
    const circle = makeModel({ ...spec, nodes: [{ ...first, inputs: ['y', 'a'] }, ...rest] });
    expect(() => buildTrainingModel(circle, options)).toThrow(/a cycle: node "\w" needs node/);
  });
});

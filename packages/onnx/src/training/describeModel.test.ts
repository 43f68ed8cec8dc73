import { sgd } from '@clr/core';
import { describe, expect, it } from 'vitest';
import { constantNode, makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { buildModel, buildTrainingModel, describeModel, formatModel } from '../index.ts';

const { FLOAT: float } = DataType;

const file = makeModel({
  inputs: [{ name: 'x', type: float, dims: ['{batch}', 8] }],
  outputs: [{ name: 'y', type: float, dims: ['{batch}', 3] }],
  domains: { 'com.example': 2 },
  initializers: [
    { name: 'w', type: float, dims: [8, 3], values: Array.from({ length: 24 }, (_, i) => Math.sin(i)) },
    { name: 'mask', type: float, dims: [3], values: [0, Number.NEGATIVE_INFINITY, 0] },
    { name: 'lost', type: float, dims: [2], values: [1, 2] },
  ],
  nodes: [
    constantNode({ name: 'b', type: float, dims: [3], values: [1, 2, 3] }),
    { op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'], name: 'dense' },
    { op: 'Add', inputs: ['h', 'b'], outputs: ['a'], name: 'bias' },
    { op: 'Add', inputs: ['a', 'mask'], outputs: ['m'], name: 'masking' },
    { op: 'Softmax', inputs: ['m'], outputs: ['y'], attributes: { axis: -1 } },
  ],
});

describe('the description of a model', () => {
  it('lists which weights are trained, which nodes read them, and why the others are not trained', () => {
    const { weights, inputs, outputs, opset, domains, refusal } = describeModel(file);
    expect({ inputs, outputs, opset, domains, refusal }).toEqual({
      inputs: [{ name: 'x', type: 'float32', dims: ['batch', 8] }],
      outputs: [{ name: 'y', type: 'float32', dims: ['batch', 3] }],
      opset: 18,
      domains: { 'com.example': 2 },
      refusal: undefined,
    });
    expect(weights).toEqual([
      {
        name: 'w',
        dims: [8, 3],
        type: 'float32',
        in: 'initializer',
        uses: [{ node: 'dense', operator: 'MatMul', input: 1 }],
        trained: true,
      },
      {
        name: 'mask',
        dims: [3],
        type: 'float32',
        in: 'initializer',
        uses: [{ node: 'masking', operator: 'Add', input: 1 }],
        trained: false,
        why: 'it holds numbers that are not finite',
      },
      {
        name: 'lost',
        dims: [2],
        type: 'float32',
        in: 'initializer',
        uses: [],
        trained: false,
        why: 'no node reads it',
      },
      {
        name: 'b',
        dims: [3],
        type: 'float32',
        in: 'node',
        uses: [{ node: 'bias', operator: 'Add', input: 1 }],
        trained: true,
      },
    ]);
    const step = buildTrainingModel(file, { loss: 'crossEntropy', optimizer: sgd() });
    const trained = step.state[0]?.parts.map(({ name }) => name);
    expect(weights.filter((weight) => weight.trained).map(({ name }) => name)).toEqual(trained);
  });

  it('is plain data', () => {
    const description = describeModel(file);
    expect(JSON.parse(JSON.stringify(description))).toEqual(description);
  });

  it('estimates the memory of a step from its batch and optimizer', () => {
    const { memory } = describeModel(file, { batch: 10, slots: 2 });
    // 27 trained elements of 4 bytes, and four activations of three numbers for each example.
    expect(memory).toEqual({
      batch: 10,
      weights: 216,
      gradients: 108,
      slots: 432,
      activations: 480,
      total: 108 * 3 + 432 + 480,
    });
    const fixed = describeModel(file, { sizes: { x: [10, null] }, slots: 2 });
    expect(fixed.memory).toEqual(memory);
    expect(() => describeModel(file, { batch: 0 })).toThrow(/Received: batch = 0/);
  });

  it('names operators without a gradient, and the error that training would give', () => {
    const closed = makeModel({
      inputs: [{ name: 'x', type: float, dims: ['{batch}', 8] }],
      outputs: [{ name: 'y', type: float, dims: ['{batch}', 3] }],
      domains: { 'com.example': 2 },
      initializers: [{ name: 'w', type: float, dims: [8, 3], values: new Float32Array(24) }],
      nodes: [
        { op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'] },
        { op: 'Secret', domain: 'com.example', inputs: ['h'], outputs: ['y'], name: 'secret' },
      ],
    });
    const description = describeModel(closed);
    expect(description.withoutGradient).toEqual([{ operator: 'com.example:Secret', nodes: ['secret'] }]);
    expect(description.refusal).toMatch(/node "secret" \(Secret of com.example, opset 2\)/);
    expect(formatModel(description)).toContain('com.example:Secret  1 ×, first "secret"');
  });

  it('gives the vocabulary size of an embedding', () => {
    const layers = [
      { type: 'embedding', rows: 7, units: 2 },
      { type: 'meanOverSteps' },
      { type: 'dense', units: 2 },
    ] as const;
    const { inputs } = describeModel(buildModel({ input: [5], layers }));
    expect(inputs).toEqual([{ name: 'input', type: 'int64', dims: ['batch', 5], vocabulary: 7 }]);
  });

  it('prints as a table', () => {
    const lines = formatModel(describeModel(file, { batch: 32 })).split('\n');
    expect(lines[0]).toBe('opset 18');
    expect(lines).toContain('weights: 2 of 4 tensors are trained, 27 elements');
    expect(lines).toContain('  w     [8, 3]  MatMul "dense" input 1  trained');
    expect(lines).toContain(
      '  mask  [3]     Add "masking" input 1   not trained: it holds numbers that are not finite',
    );
    expect(lines.at(-1)).toMatch(/^a step of 32 takes about 0.00 MB: weights /);
  });
});

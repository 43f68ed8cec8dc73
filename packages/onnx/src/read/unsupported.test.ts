import { readFileSync } from 'node:fs';
import { sgd } from '@clr/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeModel, type NodeSpec } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { operators } from '../gradients/index.ts';
import { buildTrainingModel, UnsupportedOperatorError } from '../index.ts';

/** Operator, domain, opset, numbers of inputs and outputs, and indices of float inputs, from `scripts/operators.py`. */
type Row = [op: string, domain: string, opset: number, inputs: number, outputs: number, floats: number[]];
const schema = JSON.parse(
  readFileSync(new URL('../../test/operators.json', import.meta.url), 'utf8'),
) as Row[];

const keyOf = ([op, domain]: Row): string => (domain === '' ? op : `${domain}:${op}`);
// Operators that never reach the check. Reading a model resolves lists and unrolls loops, and the loss uses the value
// before a ZipMap.
const takenApart = /Sequence|^(If|Loop|Scan|Optional.*|ZipMap)$/;
const without = schema.filter(
  (row) => row[5].length > 0 && operators.get(keyOf(row))?.gradient === undefined && !takenApart.test(row[0]),
);

const float = DataType.FLOAT;
const before: NodeSpec[] = [
  { op: 'Relu', inputs: ['a'], outputs: ['b'] },
  { op: 'Conv', inputs: ['a', 'kernel'], outputs: ['b'] },
  { op: 'Transpose', inputs: ['a'], outputs: ['b'] },
];
const after: NodeSpec[][] = [
  [],
  [{ op: 'MatMul', inputs: ['c', 'w'], outputs: ['y'] }],
  [{ op: 'Conv', inputs: ['c', 'kernel'], outputs: ['y'] }],
  [{ op: 'LayerNormalization', inputs: ['c', 'v'], outputs: ['y'] }],
  [
    { op: 'Softmax', inputs: ['c'], outputs: ['d'], attributes: { axis: 1 } },
    { op: 'ReduceMean', inputs: ['d'], outputs: ['y'] },
  ],
  [
    { op: 'Cast', inputs: ['c'], outputs: ['d'], attributes: { to: float } },
    { op: 'Mul', inputs: ['d', 'v'], outputs: ['y'] },
  ],
];

/** A model of x·w, another node, the tested operator and further nodes. Only initializers have declared shapes. */
function model(
  [op, domain, opset, inputs, outputs, floats]: Row,
  at: number,
  name: string,
  around: [number, number],
) {
  // Quantised values are integers, so they are cast to floats before use.
  const tail = (/Quantize/.test(op) ? after.at(-1) : after[around[1]]) as NodeSpec[];
  const place = floats[at % floats.length] as number;
  const others = Array.from({ length: inputs }, (_, i) => (i === place ? 'b' : `other${i}`));
  const made = Array.from({ length: outputs }, (_, i) => (i > 0 ? `c${i}` : tail.length > 0 ? 'c' : 'y'));
  return makeModel({
    opset: domain === '' ? Math.max(opset, 17) : 17,
    ...(domain === '' ? {} : { domains: { [domain]: opset } }),
    inputs: ['x', ...others.filter((other) => other !== 'b')].map((input) => ({
      name: input,
      type: float,
      dims: undefined,
    })),
    outputs: [{ name: 'y', type: float, dims: undefined }],
    initializers: [
      { name: 'w', type: float, dims: [2, 2], values: [1, 2, 3, 4] },
      { name: 'v', type: float, dims: [2], values: [1, 2] },
      { name: 'kernel', type: float, dims: [1, 1, 1, 1], values: [1] },
    ],
    nodes: [
      { op: 'MatMul', inputs: ['x', 'w'], outputs: ['a'] },
      before[around[0]] as NodeSpec,
      { op, domain, name, inputs: others, outputs: made },
      ...tail,
    ],
  });
}

const anywhere = {
  at: fc.nat(7),
  around: fc.tuple(fc.nat(before.length - 1), fc.nat(after.length - 1)),
  loss: fc.constantFrom('mse', 'crossEntropy', 'bceWithLogits'),
  name: fc.constantFrom('', 'block.1/odd one', "it's (odd)"),
} as const;

function refusal(row: Row, at: number, name: string, around: [number, number], loss: string): unknown {
  const trainable = (parameter: string): boolean => parameter === 'w';
  try {
    const options = { loss: loss as 'mse', optimizer: sgd(), trainable };
    buildTrainingModel(model(row, at, name, around), options);
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Checks that the error names this operator, its node, domain and opset. */
function expectNamed(error: unknown, [op, domain, opset]: Row, name: string): void {
  const version = domain === '' ? Math.max(opset, 17) : opset;
  expect(error).toBeInstanceOf(UnsupportedOperatorError);
  const refused = error as UnsupportedOperatorError;
  expect(refused.domain).toBe(domain || 'ai.onnx');
  expect(refused.operator).toBe(domain === '' ? op : `${domain}:${op}`);
  expect(refused.opset).toBe(version);
  if (name !== '') expect(refused.node).toBe(name);
  else expect(['c', 'y']).toContain(refused.node);
  const said = `node "${refused.node}" (${op} of ${domain || 'ai.onnx'}, opset ${version})`;
  expect(refused.message).toContain(said);
}

describe('an operator without a gradient, in a file without shapes', () => {
  it('is one of more than 20 in the schema of all operators', () => {
    expect(schema.length).toBeGreaterThan(190);
    expect(without.length).toBeGreaterThan(20);
  });

  it.each(without.map((row) => [keyOf(row), row] as const))('%s is named in the error', (_key, row) => {
    fc.assert(
      fc.property(fc.record(anywhere), ({ at, name, around, loss }) => {
        expectNamed(refusal(row, at, name, around, loss), row, name);
      }),
      { numRuns: 20 },
    );
  });

  it('is named even if its domain is unknown', () => {
    const domain = fc
      .stringMatching(/^[a-z][a-z0-9]{0,8}(\.[a-z]{1,8}){0,2}$/)
      .filter((d) => d !== 'ai.onnx');
    const op = fc.stringMatching(/^[A-Z][A-Za-z0-9_]{0,20}$/);
    const version = fc.integer({ min: 1, max: 99 });
    fc.assert(
      fc.property(
        domain,
        op,
        version,
        fc.record(anywhere),
        (where, type, opset, { at, name, around, loss }) => {
          const row: Row = [type, where, opset, 3, 2, [0, 1, 2]];
          expectNamed(refusal(row, at, name, around, loss), row, name);
        },
      ),
    );
  });
});

describe('a Pad that wraps', () => {
  const build = (after: number) =>
    buildTrainingModel(
      makeModel({
        opset: 19,
        outputs: [{ name: 'loss', type: DataType.FLOAT, dims: [] }],
        initializers: [
          { name: 'w', type: DataType.FLOAT, dims: [3], values: [1, 2, 3] },
          { name: 'pads', type: DataType.INT64, dims: [2], values: [1, after] },
        ],
        nodes: [
          { op: 'Pad', inputs: ['w', 'pads'], outputs: ['y'], attributes: { mode: 'wrap' } },
          { op: 'ReduceSum', inputs: ['y'], outputs: ['loss'], attributes: { keepdims: 0 } },
        ],
      }),
      { loss: { output: 'loss' }, optimizer: sgd() },
    );

  it('is refused if it wraps around an axis more than once', () => {
    expect(() => build(4)).toThrow(/node "y" \(Pad .*it wraps around an axis of 3 more than once/);
    expect(build(3).state).toHaveLength(2);
  });
});

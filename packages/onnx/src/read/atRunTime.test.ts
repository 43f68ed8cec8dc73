import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { random } from '../../test/checkGradient.ts';
import { directions } from '../../test/directions.ts';
import { graphAttribute, type ModelSpec, makeModel, type NodeSpec } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import type { Dim } from '../graph/dim.ts';
import { buildTrainingModel, createTrainer, describeModel } from '../index.ts';

const { FLOAT: float, INT64: long, BOOL: bool, INT32: int32 } = DataType;
const draw = random(5);
const normal = (count: number): number[] => Array.from({ length: count }, () => 2 * draw() - 1);
const floats = (...dims: number[]): ort.Tensor =>
  new ort.Tensor('float32', Float32Array.from(normal(dims.reduce((a, b) => a * b, 1))), dims);
const integer = (value: number): ort.Tensor => new ort.Tensor('int64', BigInt64Array.of(BigInt(value)), []);

const weights = {
  w: [4, 4],
  v: [4, 4],
  c: [4],
  o: [4, 3],
} as const;
const initializers: ModelSpec['initializers'] = [
  ...Object.entries(weights).map(([name, dims]) => ({
    name,
    type: float,
    dims,
    values: normal(dims.reduce((a: number, b) => a * b, 1)),
  })),
  { name: 'one', type: long, dims: [], values: [1] },
  { name: 'yes', type: bool, dims: [], values: [1] },
];
const last: NodeSpec = { op: 'MatMul', inputs: ['h', 'o'], outputs: ['y'] };
const value = (name: string, type = float, dims: readonly Dim[] | undefined = undefined) => ({
  name,
  type,
  dims,
});

/** A model that computes y from x and the integer `k`. */
function file(nodes: readonly NodeSpec[], x: readonly Dim[], spec: Partial<ModelSpec> = {}): Uint8Array {
  return makeModel({
    inputs: [value('x', float, x), value('k', long, [])],
    outputs: [value('y')],
    initializers: initializers ?? [],
    nodes: [...nodes, last],
    ...spec,
  });
}

const options = { loss: 'mse', optimizer: sgd() } as const;
const quiet = { session: { logSeverityLevel: 4 } } as const;

async function check(
  bytes: Uint8Array,
  feeds: Record<string, ort.Tensor>,
  target: ort.Tensor,
  trained: readonly string[],
): Promise<Map<string, Float32Array>> {
  for (const { error } of await directions(ort, bytes, options, { ...feeds, target }))
    expect(error).toBeLessThan(1e-3);
  const trainer = await createTrainer(ort, bytes, { ...options, ...quiet });
  const gradients = await trainer.gradients({ ...feeds, target });
  expect([...gradients.keys()].sort()).toEqual([...trained].sort());
  // The training model's loss equals the loss of the file's output in ONNX Runtime.
  const { loss } = await trainer.evaluate([{ ...feeds, target }]);
  const session = await ort.InferenceSession.create(bytes, quiet.session);
  const { y } = await session.run(feeds);
  await session.release();
  const squares = Array.from(
    y?.data as Float32Array,
    (found, i) => (found - (target.data[i] as number)) ** 2,
  );
  expect(Math.abs(loss - squares.reduce((a, b) => a + b) / squares.length)).toBeLessThan(1e-5);
  await trainer.dispose();
  return new Map([...gradients].map(([name, { data }]) => [name, data]));
}

describe('an If that is decided at run time', () => {
  const product = (weight: string, activation: string): ModelSpec => ({
    nodes: [
      { op: 'MatMul', inputs: ['x', weight], outputs: ['p'] },
      { op: 'Add', inputs: ['p', 'c'], outputs: ['q'] },
      { op: activation, inputs: ['q'], outputs: ['r'] },
    ],
    outputs: [value('r')],
  });
  const branches = (spec: readonly [ModelSpec, ModelSpec]) => [
    graphAttribute('then_branch', spec[0]),
    graphAttribute('else_branch', spec[1]),
  ];
  const is1: NodeSpec = { op: 'Equal', inputs: ['k', 'one'], outputs: ['is1'] };
  const choice = (spec: readonly [ModelSpec, ModelSpec]): NodeSpec[] => [
    is1,
    { op: 'If', inputs: ['is1'], outputs: ['h'], extra: branches(spec) },
  ];

  it.each([11, 16, 18])('has the gradients of the branch that is taken, at opset %i', async (opset) => {
    const bytes = file(choice([product('w', 'Tanh'), product('v', 'Sigmoid')]), ['{n}', 4], { opset });
    const feeds = (k: number) => ({ x: floats(5, 4), k: integer(k) });
    const names = ['w', 'v', 'c', 'o'];
    const first = await check(bytes, feeds(1), floats(5, 3), names);
    expect(first.get('v')).toEqual(new Float32Array(16));
    expect(first.get('w')?.every((slope) => slope !== 0)).toBe(true);
    const second = await check(bytes, feeds(2), floats(5, 3), names);
    expect(second.get('w')).toEqual(new Float32Array(16));
    expect(second.get('v')?.every((slope) => slope !== 0)).toBe(true);
  });

  it('can have outputs whose shapes depend on the branch, pass values through, and be nested', async () => {
    const other: ModelSpec = {
      nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['same'] }],
      outputs: [value('same')],
    };
    const inner: ModelSpec = {
      nodes: [
        { op: 'ReduceSum', inputs: ['x'], outputs: ['total'], attributes: { keepdims: 0 } },
        { op: 'Cast', inputs: ['total'], outputs: ['sure'], attributes: { to: bool } },
        {
          op: 'If',
          inputs: ['sure'],
          outputs: ['picked'],
          extra: branches([product('w', 'Softplus'), other]),
        },
      ],
      outputs: [value('picked')],
    };
    const rows: ModelSpec = {
      nodes: [
        { op: 'MatMul', inputs: ['x', 'v'], outputs: ['p'] },
        { op: 'ReduceMean', inputs: ['p'], outputs: ['r'], attributes: { axes: [0], keepdims: 1 } },
      ],
      outputs: [value('r')],
    };
    const bytes = file(choice([inner, rows]), ['{n}', 4], {
      opset: 13,
      outputs: [value('y', float, ['{m}', 3])],
    });
    const one = await check(bytes, { x: floats(5, 4), k: integer(1) }, floats(5, 3), ['w', 'v', 'c', 'o']);
    expect(one.get('w')?.every((slope) => slope !== 0)).toBe(true);
    await check(bytes, { x: floats(5, 4), k: integer(2) }, floats(1, 3), ['w', 'v', 'c', 'o']);
  });

  it('is refused when its condition has one value per example', () => {
    const nodes: NodeSpec[] = [
      { op: 'ReduceSum', inputs: ['x'], outputs: ['sums'], attributes: { axes: [1] } },
      { op: 'Cast', inputs: ['sums'], outputs: ['is1'], attributes: { to: bool } },
      {
        op: 'If',
        inputs: ['is1'],
        outputs: ['h'],
        extra: branches([product('w', 'Tanh'), product('v', 'Tanh')]),
      },
    ];
    const bytes = file(nodes, [1, 4], { opset: 11 });
    const build = (rows: number): unknown =>
      buildTrainingModel(bytes, { ...options, sizes: { x: [rows, 4] } });
    expect(build(1)).toBeDefined();
    expect(() => build(8)).toThrow(/an If to be one value.*shape \[8, 1\].*batch of 1/s);
  });

  it('is refused if a branch has an operator without a gradient, which the error names', async () => {
    const odd: ModelSpec = {
      nodes: [
        { op: 'MatMul', inputs: ['x', 'w'], outputs: ['p'] },
        { op: 'TfIdf', domain: 'com.example', name: 'odd', inputs: ['p'], outputs: ['r'] },
      ],
      outputs: [value('r', float, ['{n}', 4])],
    };
    const bytes = file(choice([odd, product('v', 'Tanh')]), ['{n}', 4], { domains: { 'com.example': 1 } });
    const error = await createTrainer(ort, bytes, { ...options, ...quiet }).catch(
      (reason: unknown) => reason,
    );
    expect((error as Error).message).toMatch(/odd|TfIdf/);
  });
});

/** A loop body: s ← tanh(s·w + c). It also collects the sums of s over the batch. */
const round = (going: readonly NodeSpec[], condition: string): ModelSpec => ({
  inputs: [value('i', long, []), value('on', bool, []), value('s', float, undefined)],
  nodes: [
    { op: 'MatMul', inputs: ['s', 'w'], outputs: ['p'] },
    { op: 'Add', inputs: ['p', 'c'], outputs: ['q'] },
    { op: 'Tanh', inputs: ['q'], outputs: ['next'] },
    { op: 'ReduceSum', inputs: ['next'], outputs: ['seen'], attributes: { axes: [0], keepdims: 1 } },
    ...going,
  ],
  outputs: [value(condition, bool), value('next'), value('seen')],
});

describe('a Loop that is decided at run time', () => {
  const always: NodeSpec[] = [{ op: 'Identity', inputs: ['on'], outputs: ['going'] }];
  const names = ['w', 'c', 'o'];

  it('passes gradients back through the iterations that were run', async () => {
    const loop: NodeSpec = {
      op: 'Loop',
      inputs: ['k', 'yes', 'x'],
      outputs: ['h', 'rest'],
      extra: [graphAttribute('body', round(always, 'going'))],
    };
    const bytes = file([loop], ['{n}', 4], { opset: 11 });
    const [x, target] = [floats(5, 4), floats(5, 3)];
    for (const k of [1, 3, 6]) {
      const found = await check(bytes, { x, k: integer(k) }, target, names);
      const fixed = makeModel({
        opset: 11,
        inputs: [value('x', float, ['{n}', 4])],
        outputs: [value('y')],
        initializers: [...(initializers ?? []), { name: 'k', type: long, dims: [], values: [k] }],
        nodes: [loop, last],
      });
      const trainer = await createTrainer(ort, fixed, { ...options, ...quiet });
      const unrolled = await trainer.gradients({ x, target });
      await trainer.dispose();
      for (const name of names) {
        found.get(name)?.forEach((slope, i) => {
          expect(slope).toBeCloseTo(unrolled.get(name)?.data[i] as number, 5);
        });
      }
    }
  });

  it('passes gradients through the values that it collects', async () => {
    const loop: NodeSpec = {
      op: 'Loop',
      inputs: ['k', '', 'x'],
      outputs: ['rest', 'all'],
      extra: [graphAttribute('body', round(always, 'going'))],
    };
    const squeeze: NodeSpec = { op: 'Squeeze', inputs: ['all'], outputs: ['h'], attributes: { axes: [1] } };
    const bytes = file([loop, squeeze], ['{n}', 4], { opset: 11 });
    await check(bytes, { x: floats(5, 4), k: integer(4) }, floats(4, 3), names);
  });

  it('can end through a condition that its body computes', async () => {
    const until: NodeSpec[] = [{ op: 'Less', inputs: ['i', 'k'], outputs: ['going'] }];
    const loop: NodeSpec = {
      op: 'Loop',
      inputs: ['', 'yes', 'x'],
      outputs: ['h', 'rest'],
      extra: [graphAttribute('body', round(until, 'going'))],
    };
    const bytes = file([loop], ['{n}', 4], { opset: 11 });
    await check(bytes, { x: floats(5, 4), k: integer(2) }, floats(5, 3), names);
  });
});

describe('a Scan of symbolic length', () => {
  const step: ModelSpec = {
    inputs: [value('s'), value('row')],
    nodes: [
      { op: 'MatMul', inputs: ['row', 'v'], outputs: ['rv'] },
      { op: 'MatMul', inputs: ['s', 'w'], outputs: ['sw'] },
      { op: 'Sum', inputs: ['rv', 'sw', 'c'], outputs: ['q'] },
      { op: 'Tanh', inputs: ['q'], outputs: ['next'] },
      { op: 'Mul', inputs: ['next', 'row'], outputs: ['seen'] },
    ],
    outputs: [value('next'), value('seen')],
  };
  const start: NodeSpec = {
    op: 'ReduceMean',
    inputs: ['x'],
    outputs: ['start'],
    attributes: { axes: [1], keepdims: 0 },
  };
  const names = ['w', 'v', 'c', 'o'];

  it.each([
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ])('passes gradients back through steps and input slices (directions %i, %i)', async (one, other) => {
    const rows: NodeSpec = { op: 'MatMul', inputs: ['x', 'w'], outputs: ['m'] };
    const scan = (outputs: string[]): NodeSpec => ({
      op: 'Scan',
      inputs: ['start', 'm'],
      outputs,
      attributes: {
        num_scan_inputs: 1,
        scan_input_axes: [1],
        scan_input_directions: [one],
        scan_output_axes: [-1],
        scan_output_directions: [other],
      },
      extra: [graphAttribute('body', step)],
    });
    const mean: NodeSpec = {
      op: 'ReduceMean',
      inputs: ['seen'],
      outputs: ['h'],
      attributes: { axes: [2], keepdims: 0 },
    };
    const spec = { opset: 13, initializers: initializers ?? [] };
    const collected = file([start, rows, scan(['rest', 'seen']), mean], ['{n}', '{t}', 4], spec);
    await check(collected, { x: floats(5, 6, 4), k: integer(0) }, floats(5, 3), names);
    const final = file([start, rows, scan(['h', 'rest'])], ['{n}', '{t}', 4], spec);
    await check(final, { x: floats(5, 7, 4), k: integer(0) }, floats(5, 3), names);
  });
});

describe('a recurrent layer of symbolic length', () => {
  it.each(['RNN', 'GRU', 'LSTM'] as const)(
    '%s: has the same gradients as with a known length',
    async (op) => {
      const gates = { RNN: 1, GRU: 3, LSTM: 4 }[op];
      const stored = [
        { name: 'W', type: float, dims: [2, 4 * gates, 4], values: normal(32 * gates) },
        { name: 'R', type: float, dims: [2, 4 * gates, 4], values: normal(32 * gates) },
        { name: 'B', type: float, dims: [2, 8 * gates], values: normal(16 * gates) },
        { name: 'lengths', type: int32, dims: [3], values: [5, 2, 4] },
        ...(initializers ?? []),
      ];
      const nodes: NodeSpec[] = [
        {
          op,
          inputs: ['x', 'W', 'R', 'B', 'lengths'],
          outputs: ['all', 'final'],
          attributes: { hidden_size: 4, direction: 'bidirectional' },
        },
        { op: 'ReduceSum', inputs: ['all'], outputs: ['sum'], attributes: { axes: [0], keepdims: 0 } },
        { op: 'Add', inputs: ['sum', 'final'], outputs: ['h'] },
      ];
      const spec = { opset: 11, initializers: stored, outputs: [value('y', float, [2, 3, 3])] };
      const [x, target] = [floats(5, 3, 4), floats(2, 3, 3)];
      const free = file(nodes, ['{t}', 3, 4], spec);
      const found = await check(free, { x, k: integer(0) }, target, ['W', 'R', 'B', 'o']);
      const trainer = await createTrainer(ort, file(nodes, [5, 3, 4], spec), { ...options, ...quiet });
      const unrolled = await trainer.gradients({ x, k: integer(0), target });
      await trainer.dispose();
      for (const [name, slopes] of found) {
        slopes.forEach((slope, i) => {
          expect(slope).toBeCloseTo(unrolled.get(name)?.data[i] as number, 5);
        });
      }
    },
  );
});

it('describeModel lists a weight inside a branch together with the nodes that read it', () => {
  const branch = (name: string): ModelSpec => ({
    nodes: [{ op: 'MatMul', inputs: ['x', name], outputs: ['r'] }],
    outputs: [value('r')],
    initializers: [{ name, type: float, dims: [4, 4], values: normal(16) }],
  });
  const nodes: NodeSpec[] = [
    { op: 'Equal', inputs: ['k', 'one'], outputs: ['is1'] },
    {
      op: 'If',
      inputs: ['is1'],
      outputs: ['h'],
      extra: [graphAttribute('then_branch', branch('a')), graphAttribute('else_branch', branch('b'))],
    },
  ];
  const { weights: found, refusal } = describeModel(file(nodes, ['{n}', 4]));
  expect(refusal).toBeUndefined();
  expect(found.filter(({ trained }) => trained).map(({ name }) => name)).toEqual(['o', 'a', 'b']);
  expect(found.find(({ name }) => name === 'a')?.uses[0]?.operator).toBe('MatMul');
});

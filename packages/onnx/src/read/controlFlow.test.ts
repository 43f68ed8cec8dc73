import { create } from '@bufbuild/protobuf';
import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type ModelSpec, makeModel, makeNode, type NodeSpec } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { makeTensor } from '../format/tensor.ts';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  GraphProtoSchema,
} from '../generated/onnx_pb.ts';
import { declaration } from '../graph/declaration.ts';
import { buildTrainingModel, createTrainer } from '../index.ts';

const { FLOAT: float, INT64: long, BOOL: bool } = DataType;
const spec: Omit<ModelSpec, 'nodes'> = {
  inputs: [{ name: 'x', type: float, dims: [2, 3] }],
  outputs: [{ name: 'y', type: float, dims: undefined }],
  initializers: [
    { name: 'w', type: float, dims: [3], values: [0.5, -1, 2] },
    { name: 'three', type: long, dims: [], values: [3] },
    { name: 'zero', type: long, dims: [], values: [0] },
    { name: 'one', type: long, dims: [], values: [1] },
    { name: 'yes', type: bool, dims: [], values: [1] },
  ],
};
const x = new ort.Tensor('float32', Float32Array.of(1, 2, 3, -1, 0.5, 0.25), [2, 3]);
const options = { loss: 'mse', optimizer: sgd() } as const;

async function gradientOf(
  nodes: readonly NodeSpec[],
  dims: readonly number[] = [2, 3],
): Promise<Float32Array> {
  const trainer = await createTrainer(ort, makeModel({ ...spec, nodes }), options);
  const target = new ort.Tensor('float32', new Float32Array(dims.reduce((n, d) => n * d, 1)), dims);
  const gradients = await trainer.gradients({ x, target });
  await trainer.dispose();
  return gradients.get('w')?.data as Float32Array;
}

const graph = (name: string, nodes: readonly NodeSpec[], inputs: [string, number][], outputs: string[]) =>
  create(AttributeProtoSchema, {
    name,
    type: AttributeType.GRAPH,
    g: create(GraphProtoSchema, {
      name,
      node: nodes.map(makeNode),
      input: inputs.map(([input, type]) => declaration(input, type, undefined)),
      output: outputs.map((output) => declaration(output, float, undefined)),
    }),
  });

const constant = (output: string, type: number, value: number): NodeSpec => ({
  op: 'Constant',
  inputs: [],
  outputs: [output],
  extra: [
    create(AttributeProtoSchema, {
      name: 'value',
      type: AttributeType.TENSOR,
      t: makeTensor('', type, [], [value]),
    }),
  ],
});

/** The body of a scripted loop: h ← tanh(h·w). Each h is collected. Every loop made from it uses the same names. */
const body = (extra: readonly NodeSpec[] = [], going = 'on'): AttributeProto =>
  graph(
    'body',
    [
      { op: 'Mul', inputs: ['h', 'w'], outputs: ['m'] },
      { op: 'Tanh', inputs: ['m'], outputs: ['next'] },
      { op: 'Identity', inputs: ['next'], outputs: ['seen'] },
      ...extra,
    ],
    [
      ['i', long],
      ['on', bool],
      ['h', float],
    ],
    [going, 'next', 'seen'],
  );

const rounds = (from: string, to: string, count: number): NodeSpec[] =>
  Array.from({ length: count }, (_, k): NodeSpec[] => [
    { op: 'Mul', inputs: [k === 0 ? from : `${to}${k - 1}`, 'w'], outputs: [`${to}m${k}`] },
    { op: 'Tanh', inputs: [`${to}m${k}`], outputs: [k === count - 1 ? to : `${to}${k}`] },
  ]).flat();

describe('loops of known length', () => {
  it('are unrolled one after the other, even if they use the same names', async () => {
    const loop = (from: string, to: string): NodeSpec => ({
      op: 'Loop',
      name: to,
      inputs: ['three', 'yes', from],
      outputs: [to],
      extra: [body()],
    });
    expect(await gradientOf([loop('x', 'a'), loop('a', 'y')])).toEqual(
      await gradientOf([...rounds('x', 'a', 3), ...rounds('a', 'y', 3)]),
    );
  });

  it('return the values that they collect in every iteration', async () => {
    const loop: NodeSpec = { op: 'Loop', inputs: ['three', '', 'x'], outputs: ['', 'y'], extra: [body()] };
    const found = await gradientOf([loop], [3, 2, 3]);
    const each = rounds('x', 'last', 3);
    const states = ['last0', 'last1', 'last'].map(
      (state, k): NodeSpec => ({ op: 'Unsqueeze', inputs: [state, 'axis'], outputs: [`part${k}`] }),
    );
    const expected = await gradientOf(
      [
        { op: 'Constant', inputs: [], outputs: ['axis'], attributes: { value_ints: [0] } },
        ...each,
        ...states,
        { op: 'Concat', inputs: ['part0', 'part1', 'part2'], outputs: ['y'], attributes: { axis: 0 } },
      ],
      [3, 2, 3],
    );
    expect(found).toEqual(expected);
  });

  it('are upgraded if their bodies contain operators of an older opset', async () => {
    const sum = graph(
      'body',
      [
        { op: 'Mul', inputs: ['h', 'w'], outputs: ['next'] },
        { op: 'ReduceSum', inputs: ['next'], outputs: ['seen'], attributes: { axes: [0], keepdims: 0 } },
        constant('going', bool, 1),
      ],
      [
        ['i', long],
        ['on', bool],
        ['h', float],
      ],
      ['going', 'next', 'seen'],
    );
    const loop: NodeSpec = { op: 'Loop', inputs: ['three', 'yes', 'x'], outputs: ['y'], extra: [sum] };
    const model = makeModel({ ...spec, opset: 11, nodes: [loop] });
    expect(buildTrainingModel(model, options).state[0]?.parts[0]?.name).toBe('w');
  });
});

it('resolves lists that a scripted model fills and then empties', async () => {
  const nodes: NodeSpec[] = [
    { op: 'Mul', inputs: ['x', 'w'], outputs: ['m'] },
    { op: 'SplitToSequence', inputs: ['m', 'one'], outputs: ['rows'], attributes: { axis: 0 } },
    { op: 'SequenceAt', inputs: ['rows', 'one'], outputs: ['second'] },
    { op: 'SequenceInsert', inputs: ['rows', 'second', 'zero'], outputs: ['three rows'] },
    { op: 'SequenceErase', inputs: ['three rows', 'one'], outputs: ['two rows'] },
    { op: 'ConcatFromSequence', inputs: ['two rows'], outputs: ['y'], attributes: { axis: 0 } },
  ];
  // Only the second row of x is used, twice. Each of the two copies adds 2·(x·w)·x / 6.
  const expected = [0, 1, 2].map((i) => {
    const [value, w] = [x.data[3 + i] as number, [0.5, -1, 2][i] as number];
    return (2 * 2 * value * w * value) / 6;
  });
  (await gradientOf(nodes)).forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i] as number, 6);
  });
});

it('gives the nodes of an unrolled loop unique names', async () => {
  const twice = graph(
    'body',
    [
      { op: 'Mul', inputs: ['h', 'w'], outputs: ['once'] },
      { op: 'Mul', inputs: ['once', 'w'], outputs: ['next'] },
      { op: 'Identity', inputs: ['on'], outputs: ['going'] },
    ],
    [
      ['i', long],
      ['on', bool],
      ['h', float],
    ],
    ['going', 'next'],
  );
  const loop = (from: string, to: string): NodeSpec => ({
    op: 'Loop',
    inputs: ['one', 'yes', from],
    outputs: [to],
    extra: [twice],
  });
  const product = (from: string, to: string): NodeSpec => ({ op: 'Mul', inputs: [from, 'w'], outputs: [to] });
  expect(await gradientOf([loop('x', 'a'), loop('a', 'y')])).toEqual(
    await gradientOf([product('x', 'a'), product('a', 'b'), product('b', 'c'), product('c', 'y')]),
  );
});

describe('scans of known length', () => {
  const step = graph(
    'body',
    [
      { op: 'Mul', inputs: ['h', 'column'], outputs: ['m'] },
      { op: 'Tanh', inputs: ['m'], outputs: ['next'] },
      { op: 'Identity', inputs: ['next'], outputs: ['seen'] },
    ],
    [
      ['h', float],
      ['column', float],
    ],
    ['next', 'seen'],
  );
  const scaled: NodeSpec = { op: 'Mul', inputs: ['x', 'w'], outputs: ['m'] };
  const scan = (attributes: NodeSpec['attributes'], outputs: string[]): NodeSpec => ({
    op: 'Scan',
    inputs: ['start', 'm'],
    outputs,
    attributes: { num_scan_inputs: 1, ...attributes },
    extra: [step],
  });
  const start: NodeSpec = {
    op: 'Constant',
    inputs: [],
    outputs: ['start'],
    attributes: { value_floats: { floats: [0.3, -0.7] } },
  };
  /** The columns of m, from the last to the first. */
  const backwards: NodeSpec[] = [
    scaled,
    start,
    { op: 'Split', inputs: ['m'], outputs: ['p0', 'p1', 'p2'], attributes: { axis: 1, num_outputs: 3 } },
    { op: 'Constant', inputs: [], outputs: ['axis'], attributes: { value_ints: [1] } },
    ...[0, 1, 2].map((k): NodeSpec => ({ op: 'Squeeze', inputs: [`p${k}`, 'axis'], outputs: [`c${k}`] })),
    ...[2, 1, 0].flatMap((k): NodeSpec[] => [
      { op: 'Mul', inputs: [k === 2 ? 'start' : `h${k + 1}`, `c${k}`], outputs: [`m${k}`] },
      { op: 'Tanh', inputs: [`m${k}`], outputs: [`h${k}`] },
    ]),
  ];

  it('are unrolled along any axis, in both directions', async () => {
    const scans = [scaled, start, scan({ scan_input_axes: [1], scan_input_directions: [1] }, ['y', ''])];
    const last: NodeSpec = { op: 'Identity', inputs: ['h0'], outputs: ['y'] };
    expect(await gradientOf(scans, [2])).toEqual(await gradientOf([...backwards, last], [2]));
  });

  it('collect their outputs along any axis, in both directions', async () => {
    const attributes = {
      scan_input_axes: [-1],
      scan_input_directions: [1],
      scan_output_axes: [-1],
      scan_output_directions: [1],
    };
    const joined: NodeSpec[] = [
      ...[0, 1, 2].map((k): NodeSpec => ({ op: 'Unsqueeze', inputs: [`h${k}`, 'axis'], outputs: [`u${k}`] })),
      { op: 'Concat', inputs: ['u0', 'u1', 'u2'], outputs: ['y'], attributes: { axis: 1 } },
    ];
    expect(await gradientOf([scaled, start, scan(attributes, ['', 'y'])])).toEqual(
      await gradientOf([...backwards, ...joined]),
    );
  });
});

it('unrolls a SequenceMap over a known list', async () => {
  const times = graph(
    'body',
    [{ op: 'Mul', inputs: ['row', 'factor'], outputs: ['product'] }],
    [
      ['row', float],
      ['factor', float],
    ],
    ['product'],
  );
  const nodes: NodeSpec[] = [
    { op: 'SplitToSequence', inputs: ['x', 'one'], outputs: ['rows'], attributes: { axis: 0 } },
    { op: 'SequenceMap', inputs: ['rows', 'w'], outputs: ['products'], extra: [times] },
    { op: 'ConcatFromSequence', inputs: ['products'], outputs: ['y'], attributes: { axis: 0 } },
  ];
  const product: NodeSpec = { op: 'Mul', inputs: ['x', 'w'], outputs: ['y'] };
  expect(await gradientOf(nodes)).toEqual(await gradientOf([product]));
});

it('unwraps an optional value that is present', async () => {
  const branch = (name: string, op: string): AttributeProto =>
    graph(name, [{ op, inputs: ['held'], outputs: ['result'] }], [], ['result']);
  const branches = [branch('then_branch', 'Neg'), branch('else_branch', 'Tanh')];
  const nodes: NodeSpec[] = [
    { op: 'Mul', inputs: ['x', 'w'], outputs: ['m'] },
    { op: 'Optional', inputs: ['m'], outputs: ['maybe'] },
    { op: 'Identity', inputs: ['maybe'], outputs: ['still'] },
    { op: 'OptionalHasElement', inputs: ['still'], outputs: ['there'] },
    { op: 'Not', inputs: ['there'], outputs: ['gone'] },
    { op: 'OptionalGetElement', inputs: ['still'], outputs: ['held'] },
    { op: 'If', inputs: ['gone'], outputs: ['y'], extra: branches },
  ];
  const plain: NodeSpec[] = [
    { op: 'Mul', inputs: ['x', 'w'], outputs: ['m'] },
    { op: 'Tanh', inputs: ['m'], outputs: ['y'] },
  ];
  expect(await gradientOf(nodes)).toEqual(await gradientOf(plain));
});

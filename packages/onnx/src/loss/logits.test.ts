import { sgd } from '@clr/core';
import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import {
  graphAttribute,
  type InitializerSpec,
  type ModelSpec,
  makeModel,
  type NodeSpec,
} from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { buildTrainingModel, createTrainer, type Loss } from '../index.ts';

const { FLOAT: float, INT64: long } = DataType;
const [n, classes, h, w] = [2, 3, 2, 4];
const waves = (length: number, pace: number): number[] =>
  Array.from({ length }, (_, i) => 2 * Math.sin(pace * (i + 1) ** 1.1));
const image = new ort.Tensor('float32', Float32Array.from(waves(n * 2 * h * w, 1.7)), [n, 2, h, w]);

/** A model that computes z [n, 3, h, w] by a convolution. The given nodes then compute y. */
function model(nodes: readonly NodeSpec[], dims: readonly number[], opset = 18): Uint8Array {
  const vector = (name: string, values: number[]): InitializerSpec => ({
    name,
    type: long,
    dims: [values.length],
    values,
  });
  const scalar = (name: string, value: number): InitializerSpec => ({
    name,
    type: float,
    dims: [],
    values: [value],
  });
  return makeModel({
    opset,
    inputs: [{ name: 'x', type: float, dims: [n, 2, h, w] }],
    outputs: [{ name: 'y', type: float, dims }],
    initializers: [
      { name: 'kernel', type: float, dims: [classes, 2, 1, 1], values: waves(2 * classes, 0.9) },
      { name: 'slope', type: float, dims: [classes, 1, 1], values: [1, 2, 3] },
      vector('places', [n, classes, h * w]),
      vector('rows', [-1, classes]),
      vector('back', [n, h, w, classes]),
      vector('first', [0]),
      vector('second', [1]),
      vector('spatial', [2, 3]),
      vector('twice', [1, 2]),
      scalar('half', 0.5),
      scalar('one', 1),
      scalar('zero', 0),
    ],
    nodes: [{ op: 'Conv', inputs: ['x', 'kernel'], outputs: ['z'] }, ...nodes],
  });
}

const node = (
  op: string,
  inputs: string[],
  output: string,
  attributes: NodeSpec['attributes'] = {},
): NodeSpec => ({
  op,
  inputs,
  outputs: [output],
  attributes,
});
const branch = (of: NodeSpec, output: string): ModelSpec => ({
  nodes: [of],
  outputs: [{ name: output, type: float, dims: undefined }],
});
const transpose = (from: string, to: string, perm: readonly number[]): NodeSpec =>
  node('Transpose', [from], to, { perm });
const inverse = (perm: readonly number[]): number[] => perm.map((_, i) => perm.indexOf(i));

type Written = 'Softmax' | 'LogSoftmax' | 'written out';
/** A Softmax from t to p, or an Identity for 'none'. */
function softmax(kind: Written | 'none', axis: number): NodeSpec[] {
  if (kind === 'none') return [node('Identity', ['t'], 'p')];
  if (kind !== 'written out') return [node(kind, ['t'], 'p', { axis })];
  const axes = node('Constant', [], 'axes', { value_ints: [axis] });
  return [
    node('Exp', ['t'], 'e'),
    axes,
    node('ReduceSum', ['e', 'axes'], 'sum'),
    node('Div', ['e', 'sum'], 'p'),
  ];
}

/** The last nodes of a model, from s [n, 3, h, w] to y, and the shape of y. */
const ends: readonly { readonly nodes: NodeSpec[]; readonly dims: readonly number[] }[] = [
  { nodes: [node('Identity', ['s'], 'y')], dims: [n, classes, h, w] },
  { nodes: [node('Reshape', ['s', 'places'], 'y')], dims: [n, classes, h * w] },
  {
    nodes: [
      node('Unsqueeze', ['s', 'first'], 'u'),
      node('Cast', ['u'], 'v', { to: DataType.DOUBLE }),
      node('Cast', ['v'], 'c', { to: float }),
      node('Squeeze', ['c', 'first'], 'y'),
    ],
    dims: [n, classes, h, w],
  },
  { nodes: [transpose('s', 'y', [0, 1, 3, 2])], dims: [n, classes, w, h] },
];

async function lossAndGradient(
  bytes: Uint8Array,
  dims: readonly number[],
  loss: Loss,
): Promise<{ loss: number; gradient: number[] }> {
  const positions = [dims[0] as number, ...dims.slice(2)];
  const size = (of: readonly number[]): number => of.reduce((product, dim) => product * dim, 1);
  const target =
    loss === 'crossEntropy'
      ? new ort.Tensor(
          'int64',
          BigInt64Array.from({ length: size(positions) }, (_, i) => BigInt((i * i) % classes)),
          positions,
        )
      : new ort.Tensor(
          'float32',
          Float32Array.from({ length: size(dims) }, (_, i) => i % 2),
          dims,
        );
  const trainer = await createTrainer(ort, bytes, { loss, optimizer: sgd() });
  const { loss: value } = await trainer.evaluate([{ x: image, target }]);
  const gradient = (await trainer.gradients({ x: image, target })).get('kernel')?.data ?? [];
  await trainer.dispose();
  return { loss: value, gradient: Array.from(gradient) };
}

async function expectSame(
  found: Uint8Array,
  plain: Uint8Array,
  dims: readonly number[],
  loss: Loss,
): Promise<void> {
  const [a, b] = [await lossAndGradient(found, dims, loss), await lossAndGradient(plain, dims, loss)];
  expect(a.loss).toBeCloseTo(b.loss, 5);
  b.gradient.forEach((value, i) => {
    expect(a.gradient[i]).toBeCloseTo(value, 5);
  });
}

const all = [n, classes, h, w];

describe('a loss on logits', () => {
  it('finds a Softmax over the classes, whatever layout operators follow', async () => {
    const perm = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 });
    const kinds = fc.constantFrom('Softmax', 'LogSoftmax', 'written out');
    const opsets = fc.constantFrom(13, 18);
    await fc.assert(
      fc.asyncProperty(perm, kinds, fc.constantFrom(...ends), opsets, async (order, kind, end, opset) => {
        const nodes = (of: Written | 'none'): NodeSpec[] => [
          transpose('z', 't', order),
          ...softmax(of, order.indexOf(1)),
          transpose('p', 's', inverse(order)),
          ...end.nodes,
        ];
        const [found, plain] = [kind as Written, 'none' as const].map((of) =>
          model(nodes(of), end.dims, opset),
        );
        await expectSame(found!, plain!, end.dims, 'crossEntropy');
      }),
      { numRuns: 25 },
    );
  });

  it.each<[string, NodeSpec[]]>([
    [
      'eˣ times the reciprocal of its sum',
      [
        node('Exp', ['z'], 'e'),
        node('ReduceSum', ['e', 'second'], 'sum'),
        node('Reciprocal', ['sum'], 'r'),
        node('Mul', ['r', 'e'], 'y'),
      ],
    ],
    [
      'eˣ divided by its norm',
      [node('Exp', ['z'], 'e'), node('ReduceL1', ['e', 'second'], 'sum'), node('Div', ['e', 'sum'], 'y')],
    ],
    [
      'LpNormalization of eˣ',
      [node('Exp', ['z'], 'e'), node('LpNormalization', ['e'], 'y', { axis: 1, p: 1 })],
    ],
    [
      'e to the power of a LogSoftmax',
      [node('LogSoftmax', ['z'], 'l', { axis: 1 }), node('Exp', ['l'], 'y')],
    ],
    [
      'e to the power of x − log Σ eˣ',
      [
        node('ReduceLogSumExp', ['z', 'second'], 'sum'),
        node('Sub', ['z', 'sum'], 'l'),
        node('Exp', ['l'], 'y'),
      ],
    ],
  ])('finds a Softmax that is written as %s', async (_, nodes) => {
    const plain = model([node('Identity', ['z'], 'y')], all);
    await expectSame(model(nodes, all), plain, all, 'crossEntropy');
  });

  it('finds a Softmax over the rows of a matrix in opset 11, and a Softmax over the last axis of an image', async () => {
    const dims = [n, classes, h, w];
    const around = (middle: (from: string, to: string) => NodeSpec[]): NodeSpec[] => [
      transpose('z', 'last', [0, 2, 3, 1]),
      ...middle('last', 'q'),
      transpose('q', 'y', [0, 3, 1, 2]),
    ];
    const plain = model(
      around((from, to) => [node('Identity', [from], to)]),
      dims,
      11,
    );
    const rows = around((from, to) => [
      node('Reshape', [from, 'rows'], 't'),
      node('Softmax', ['t'], 'p', { axis: 1 }),
      node('Reshape', ['p', 'back'], to),
    ]);
    await expectSame(model(rows, dims, 11), plain, dims, 'crossEntropy');
    const last = around((from, to) => [node('Softmax', [from], to, { axis: 3 })]);
    await expectSame(model(last, dims, 11), plain, dims, 'crossEntropy');
  });

  it('finds a Sigmoid, whatever layout operators follow', async () => {
    const perm = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 });
    const written = [
      node('Neg', ['t'], 'minus'),
      node('Exp', ['minus'], 'e'),
      node('Add', ['one', 'e'], 'below'),
      node('Div', ['one', 'below'], 'p'),
    ];
    const kinds = fc.constantFrom([node('Sigmoid', ['t'], 'p')], written);
    await fc.assert(
      fc.asyncProperty(perm, kinds, fc.constantFrom(...ends), async (order, sigmoid, end) => {
        const nodes = (middle: NodeSpec[]): NodeSpec[] => [
          transpose('z', 't', order),
          ...middle,
          transpose('p', 's', inverse(order)),
          ...end.nodes,
        ];
        const plain = model(nodes([node('Identity', ['t'], 'p')]), end.dims);
        await expectSame(model(nodes(sigmoid), end.dims), plain, end.dims, 'bceWithLogits');
      }),
      { numRuns: 15 },
    );
  });

  it('finds a Softmax before operators that select positions', async () => {
    const select = (of: Written | 'none'): NodeSpec[] => [
      transpose('z', 't', [0, 2, 3, 1]),
      ...softmax(of, -1),
      node('Slice', ['p', 'first', 'second', 'second'], 'cut'),
      node('Gather', ['cut', 'second'], 'g', { axis: 2 }),
      node('Squeeze', ['g', 'twice'], 'y'),
    ];
    const [found, plain] = [model(select('Softmax'), [n, classes]), model(select('none'), [n, classes])];
    await expectSame(found, plain, [n, classes], 'crossEntropy');
  });

  it.each<[string, Loss, NodeSpec[], number[], number?]>([
    ['a Softmax over other axes', 'crossEntropy', [node('Softmax', ['z'], 'y', { axis: 2 })], all],
    [
      'a Softmax over all axes, as defined in opset 11',
      'crossEntropy',
      [node('Softmax', ['z'], 'y', { axis: 1 })],
      all,
      11,
    ],
    [
      'the mean of probabilities',
      'crossEntropy',
      [node('Softmax', ['z'], 'p', { axis: 1 }), node('ReduceMean', ['p', 'spatial'], 'y', { keepdims: 0 })],
      [n, classes],
    ],
    [
      'the mean of two classifiers',
      'crossEntropy',
      [
        node('Softmax', ['z'], 'p', { axis: 1 }),
        node('Neg', ['z'], 'minus'),
        node('Softmax', ['minus'], 'q', { axis: 1 }),
        node('Add', ['p', 'q'], 'sum'),
        node('Mul', ['sum', 'half'], 'y'),
      ],
      all,
    ],
    [
      'clipped probabilities',
      'crossEntropy',
      [node('Softmax', ['z'], 'p', { axis: 1 }), node('Clip', ['p', 'zero', 'one'], 'y')],
      all,
    ],
    [
      'repeated probabilities',
      'crossEntropy',
      [
        node('Softmax', ['z'], 'p', { axis: 1 }),
        node('Constant', [], 'once', { value_ints: [1, 1, 1, 1] }),
        node('Tile', ['p', 'once'], 'y'),
      ],
      all,
    ],
    [
      'probabilities with a lower bound by Where',
      'crossEntropy',
      [
        node('Softmax', ['z'], 'p', { axis: 1 }),
        node('Greater', ['p', 'zero'], 'c'),
        node('Where', ['c', 'p', 'zero'], 'y'),
      ],
      all,
    ],
    [
      'percentages',
      'crossEntropy',
      [
        node('Softmax', ['z'], 'p', { axis: 1 }),
        node('Constant', [], 'hundred', { value_float: { float: 100 } }),
        node('Mul', ['p', 'hundred'], 'y'),
      ],
      all,
    ],
    [
      'Sigmoids divided by their sum',
      'crossEntropy',
      [
        node('Sigmoid', ['z'], 'p'),
        node('ReduceSum', ['p', 'second'], 'sum'),
        node('Div', ['p', 'sum'], 'y'),
      ],
      all,
    ],
    [
      "Softplus divided by its norm, as written by PyTorch's normalize",
      'crossEntropy',
      [
        node('Softplus', ['z'], 'p'),
        node('ReduceL1', ['p', 'second'], 'norm'),
        node('Clip', ['norm', 'half'], 'bounded'),
        node('Shape', ['p'], 'shape'),
        node('Expand', ['bounded', 'shape'], 'wide'),
        node('Div', ['p', 'wide'], 'y'),
      ],
      all,
    ],
    ['a Sigmoid with crossEntropy', 'crossEntropy', [node('Sigmoid', ['z'], 'y')], all],
    ['a Softmax with bceWithLogits', 'bceWithLogits', [node('Softmax', ['z'], 'y', { axis: 1 })], all],
    ['a HardSigmoid', 'bceWithLogits', [node('HardSigmoid', ['z'], 'y')], all],
    [
      'a mean of a Sigmoid',
      'bceWithLogits',
      [node('Sigmoid', ['z'], 'p'), node('GlobalAveragePool', ['p'], 'y')],
      [n, classes, 1, 1],
    ],
    [
      'an If with a Sigmoid in one branch and half of a Sigmoid in the other',
      'bceWithLogits',
      [
        node('Sigmoid', ['z'], 'p'),
        node('ReduceMean', ['z'], 'mean', { keepdims: 0 }),
        node('Greater', ['mean', 'zero'], 'c'),
        {
          ...node('If', ['c'], 'y'),
          extra: [
            graphAttribute('then_branch', branch(node('Sigmoid', ['z'], 'q'), 'q')),
            graphAttribute('else_branch', branch(node('Mul', ['p', 'half'], 'r'), 'r')),
          ],
        },
      ],
      all,
    ],
  ])('refuses probabilities whose logits it cannot find: %s', (_name, loss, nodes, dims, opset) => {
    const build = (): unknown => buildTrainingModel(model(nodes, dims, opset), { loss, optimizer: sgd() });
    expect(build).toThrow(/Expected logits for the loss "\w+"[\s\S]*"y", probabilities that node/);
  });

  it.each<[string, Loss, NodeSpec[]]>([
    ['x·σ(x)', 'crossEntropy', [node('Sigmoid', ['z'], 'p'), node('Mul', ['z', 'p'], 'y')]],
    [
      'a Sigmoid times a factor for each class',
      'crossEntropy',
      [node('Sigmoid', ['z'], 'p'), node('Mul', ['p', 'slope'], 'y')],
    ],
    [
      'logarithms of probabilities',
      'crossEntropy',
      [node('Softmax', ['z'], 'p', { axis: 1 }), node('Log', ['p'], 'y')],
    ],
    [
      'a Softmax inside the model',
      'crossEntropy',
      [node('Softmax', ['z'], 'p', { axis: 1 }), node('Sub', ['p', 'z'], 'y')],
    ],
    [
      'signed values divided by their norm',
      'crossEntropy',
      [node('ReduceL1', ['z', 'second'], 'norm'), node('Div', ['z', 'norm'], 'y')],
    ],
    ['a Sigmoid with mse', 'mse', [node('Sigmoid', ['z'], 'y')]],
  ])('accepts outputs that it need not treat as probabilities: %s', (_name, loss, nodes) => {
    const build = (): unknown => buildTrainingModel(model(nodes, all), { loss, optimizer: sgd() });
    expect(build).not.toThrow();
  });
});

import { create } from '@bufbuild/protobuf';
import { ClrError, sgd } from '@clr/core';
import { describe, expect, it } from 'vitest';
import { makeModel, makeNode, type NodeSpec } from '../test/makeModel.ts';
import { DataType } from './format/dataType.ts';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  GraphProtoSchema,
} from './generated/onnx_pb.ts';
import { declaration } from './graph/declaration.ts';
import { buildTrainingModel } from './index.ts';

const { FLOAT: float, INT64: long, BOOL: bool } = DataType;

/** A model whose `nodes` make y from v = x·w. */
const model = (nodes: readonly NodeSpec[]): Uint8Array =>
  makeModel({
    inputs: [{ name: 'x', type: float, dims: ['{n}', 3] }],
    outputs: [{ name: 'y', type: float, dims: ['{n}', 3] }],
    initializers: [
      { name: 'w', type: float, dims: [3], values: [1, 2, 3] },
      { name: 'many', type: long, dims: [], values: [4096] },
      { name: 'yes', type: bool, dims: [], values: [1] },
    ],
    nodes: [{ op: 'Mul', inputs: ['x', 'w'], outputs: ['v'] }, ...nodes],
  });

const chain = (op: string, from: string, count: number, inputs: number, attributes = {}): NodeSpec[] =>
  Array.from({ length: count }, (_, i) => ({
    op,
    inputs: Array(inputs).fill(i === 0 ? from : `${from}${i}`),
    outputs: [`${from}${i + 1}`],
    attributes,
  }));

const image = (dims: readonly number[], kernel: readonly number[]): Uint8Array =>
  makeModel({
    inputs: [{ name: 'x', type: float, dims }],
    outputs: [{ name: 'y', type: float, dims: undefined }],
    initializers: [
      {
        name: 'w',
        type: float,
        dims: kernel,
        values: new Float32Array(kernel.reduce((n, size) => n * size, 1)),
      },
    ],
    nodes: [
      { op: 'Conv', inputs: ['x', 'w'], outputs: ['y'], attributes: { kernel_shape: kernel.slice(2) } },
    ],
  });

/** A reshaped value whose shape vector is an input of the model. */
const shapeless = (): Uint8Array =>
  makeModel({
    inputs: [
      { name: 'x', type: float, dims: [3] },
      { name: 's', type: long, dims: [1e12] },
    ],
    outputs: [{ name: 'y', type: float, dims: undefined }],
    initializers: [{ name: 'w', type: float, dims: [3], values: [1, 2, 3] }],
    nodes: [
      { op: 'Mul', inputs: ['x', 'w'], outputs: ['v'] },
      { op: 'Reshape', inputs: ['v', 's'], outputs: ['y'] },
    ],
  });

/** Nested loops, each of 4096 rounds. */
function loops(depth: number): NodeSpec[] {
  const wrap = (node: NodeSpec): AttributeProto =>
    create(AttributeProtoSchema, {
      name: 'body',
      type: AttributeType.GRAPH,
      g: create(GraphProtoSchema, {
        node: [makeNode(node)],
        input: [declaration('i', long, []), declaration('on', bool, []), declaration('h', float, undefined)],
        output: [declaration('on', bool, []), declaration('r', float, undefined)],
      }),
    });
  let node: NodeSpec = { op: 'Neg', inputs: ['h'], outputs: ['r'] };
  for (let i = 1; i <= depth; i++) {
    const [from, to] = i === depth ? ['v', 'y'] : ['h', 'r'];
    node = { op: 'Loop', inputs: ['many', 'yes', from], outputs: [to], extra: [wrap(node)] };
  }
  return [node];
}

const cases: readonly [string, () => Uint8Array][] = [
  [
    'size expressions that double with every node',
    () =>
      model([
        ...chain('Concat', 'v', 200, 2, { axis: 0 }),
        { op: 'Identity', inputs: ['v200'], outputs: ['y'] },
      ]),
  ],
  [
    'shape arithmetic that doubles with every node',
    () =>
      model([
        { op: 'Shape', inputs: ['x'], outputs: ['s'] },
        ...chain('Add', 's', 200, 2),
        { op: 'Reshape', inputs: ['v', 's200'], outputs: ['y'] },
      ]),
  ],
  [
    'a transposition of 100,000 axes',
    () =>
      model([
        {
          op: 'Transpose',
          inputs: ['v'],
          outputs: ['y'],
          attributes: { perm: Array.from({ length: 1e5 }, (_, i) => i) },
        },
      ]),
  ],
  [
    '100,000 nodes',
    () => model([...chain('Neg', 'v', 1e5, 1), { op: 'Neg', inputs: ['v'], outputs: ['y'] }]),
  ],
  [
    'a value that 5,000 nodes read',
    () => {
      const nodes = Array.from({ length: 5000 }, (_, i) => ({
        op: 'Neg',
        inputs: ['v'],
        outputs: [`u${i}`],
      }));
      return model([
        ...nodes,
        { op: 'Sum', inputs: nodes.flatMap(({ outputs }) => outputs), outputs: ['y'] },
      ]);
    },
  ],
  ['an image of 10⁹ rows', () => image([1, 1, 1e9, 1e9], [1, 1, 3, 3])],
  ['a kernel of 20,000 elements', () => image([1, 1, 40_000], [1, 1, 20_000])],
  ['a shape of 10¹² axes', shapeless],
  ['nested loops', () => model(loops(3))],
];

describe('reading a model that is made to exhaust time or memory', () => {
  it.each(cases)('ends within seconds: %s', (_name, make) => {
    const bytes = make();
    const begun = process.cpuUsage();
    try {
      buildTrainingModel(bytes, { loss: 'mse', optimizer: sgd() });
    } catch (error) {
      expect(error).toBeInstanceOf(ClrError);
    }
    const { user, system } = process.cpuUsage(begun);
    // This takes at most a second on an idle machine. If the work grew faster than the model, it would take minutes.
    expect((user + system) / 1e6).toBeLessThan(10);
  });
});

import { create } from '@bufbuild/protobuf';
import { ClrError, sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type ModelSpec, makeModel, type NodeSpec } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import {
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from '../generated/onnx_pb.ts';
import { buildTrainingModel, createTrainer } from '../index.ts';
import type { ExternalData } from '../runtime/readModelFile.ts';
import type { BuildOptions } from '../training/options.ts';

const { FLOAT: float, INT64: long, INT8: int8 } = DataType;
const plain: ModelSpec = {
  inputs: [{ name: 'x', type: float, dims: ['{n}', 4] }],
  outputs: [{ name: 'y', type: float, dims: ['{n}', 2] }],
  initializers: [{ name: 'w', type: float, dims: [4, 2], values: [1, 2, 3, 4, 5, 6, 7, 8] }],
  nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
};
const file = (spec: Partial<ModelSpec> = {}): Uint8Array => makeModel({ ...plain, ...spec });
const good = file();
const node = (op: string, inputs: string[], outputs: string[], more: Partial<NodeSpec> = {}): NodeSpec => ({
  op,
  inputs,
  outputs,
  ...more,
});
const tensor = (
  name: string,
  dataType: number,
  dims: number[],
  rawData: Uint8Array<ArrayBuffer>,
): TensorProto => create(TensorProtoSchema, { name, dataType, dims: dims.map(BigInt), rawData });
const bytes = (count: number): Uint8Array<ArrayBuffer> => new Uint8Array(count).fill(60);

type Bad = readonly [what: string, model: Uint8Array, says: RegExp, options?: Partial<BuildOptions>];

const damaged: readonly Bad[] = [
  ['an empty file', new Uint8Array(0), /no bytes/],
  ['text instead of a model', new TextEncoder().encode('<!doctype html><html>404</html>'), /not ONNX/],
  ['half a file', good.subarray(0, good.length >> 1), /truncated|lost|no node makes|not ONNX/],
  ['a file without its last byte', good.subarray(0, good.length - 1), /truncated|damaged|not ONNX/],
  ['a graph without outputs', file({ outputs: [] }), /without outputs/],
  [
    'an output that no node makes',
    file({ nodes: [node('MatMul', ['x', 'w'], ['z'])] }),
    /"y", which no node makes/,
  ],
  ['an input that no node makes', file({ nodes: [node('MatMul', ['x', 'v'], ['y'])] }), /reads "v"/],
  ['a value made twice', file({ nodes: [...plain.nodes, ...plain.nodes] }), /makes "y" again/],
  [
    'a weight shorter than its shape',
    file({ initializers: [], tensors: [tensor('w', float, [4, 2], bytes(28))] }),
    /8 elements.*7 elements/s,
  ],
  [
    'a weight longer than its shape',
    file({ initializers: [], tensors: [tensor('w', float, [4, 2], bytes(36))] }),
    /9 elements/,
  ],
  [
    'a weight with a negative size',
    file({ initializers: [], tensors: [tensor('w', float, [-4, 2], bytes(32))] }),
    /sizes of at least 0/,
  ],
  ['an opset of −3', file({ opset: -3 }), /opset -3/],
];

const cyclic: readonly Bad[] = [
  [
    'a node that reads itself',
    file({ nodes: [node('Add', ['y', 'w'], ['y'])] }),
    /"y", which reads its own output/,
  ],
  [
    'two nodes that read each other',
    file({
      nodes: [
        node('MatMul', ['x', 'w'], ['a']),
        node('Add', ['a', 'c'], ['b']),
        node('Add', ['b', 'a'], ['c']),
        node('Identity', ['c'], ['y']),
      ],
    }),
    /a cycle/,
  ],
  [
    'a function that calls itself',
    file({
      functions: [
        { name: 'f', inputs: ['s'], outputs: ['o'], nodes: [node('f', ['s'], ['o'], { domain: 'own' })] },
      ],
      nodes: [node('MatMul', ['x', 'w'], ['h']), node('f', ['h'], ['y'], { domain: 'own' })],
    }),
    /deeper nesting in "y".*call itself/s,
  ],
];

const contradictory: readonly Bad[] = [
  ['a symbolic axis that no input has', good, /sizes.*m = 4/s, { sizes: { m: 4 } }],
  ['an input that the model lacks', good, /z = \[1, 4\]/, { sizes: { z: [1, 4] } }],
  ['a shape with too few axes', good, /x = \[4\] for an input of 2 axes/, { sizes: { x: [4] } }],
  ['a size of 0', good, /x = \[0, 4\]/, { sizes: { x: [0, 4] } }],
  ['two sizes for one axis', good, /axis "n" = 3, and 5 elsewhere/, { sizes: { n: 5, x: [3, 4] } }],
];

/** Models that only the runtime can refuse. */
const refusedByRuntime: readonly Bad[] = [
  [
    'a matrix product whose sizes do not match',
    file({ initializers: [{ name: 'w', type: float, dims: [3, 2], values: [1, 2, 3, 4, 5, 6] }] }),
    /./,
  ],
  [
    'an axis that the shape lacks',
    file({
      nodes: [
        node('MatMul', ['x', 'w'], ['h']),
        node('Softmax', ['h'], ['p'], { attributes: { axis: 4 } }),
        node('Mul', ['p', 'h'], ['y']),
      ],
    }),
    /./,
  ],
  ['a size that weights contradict', good, /./, { sizes: { x: [2, 5] } }],
];

const meaningless: readonly Bad[] = [
  [
    'a model without weights',
    file({ initializers: [], inputs: [...(plain.inputs ?? []), { name: 'w', type: float, dims: [4, 2] }] }),
    /no float weight/,
  ],
  [
    'a model with only integers',
    file({
      initializers: [{ name: 'w', type: long, dims: [4, 2], values: [1, 2, 3, 4, 5, 6, 7, 8] }],
      inputs: [{ name: 'x', type: long, dims: ['{n}', 4] }],
      outputs: [{ name: 'y', type: long, dims: ['{n}', 2] }],
    }),
    /no float|float/,
  ],
  [
    'a weight that no node reads',
    file({
      initializers: [...(plain.initializers ?? []), { name: 'spare', type: float, dims: [1], values: [1] }],
    }),
    /no node reads it/,
    { trainable: (name) => name === 'spare' },
  ],
  ['an output that the model lacks', good, /"z"/, { output: 'z' }],
  [
    'an operator without a gradient',
    file({
      nodes: [node('MatMul', ['x', 'w'], ['h']), node('Odd', ['h'], ['y'], { domain: 'com.example' })],
    }),
    /Odd of com.example/,
  ],
  [
    "an operator of clr's private domain",
    file({ nodes: [node('ReluGrad', ['x', 'w'], ['y'], { domain: 'clr' })] }),
    /domain "clr"/,
  ],
  [
    'a scale of 0 for stored integers',
    file({
      initializers: [
        { name: 'q', type: int8, dims: [4, 2], values: [1, 2, 3, 4, 5, 6, 7, 8] },
        { name: 's', type: float, dims: [], values: [0] },
      ],
      nodes: [node('DequantizeLinear', ['q', 's'], ['w']), node('MatMul', ['x', 'w'], ['y'])],
    }),
    /no float weight/,
  ],
  ['CTC labels for an output with two axes', good, /three axes.*"ctc"/s, { loss: 'ctc' }],
  [
    'a CTC blank that is not a class',
    file({
      inputs: [{ name: 'x', type: float, dims: ['{n}', '{t}', 4] }],
      outputs: [{ name: 'y', type: float, dims: ['{n}', '{t}', 2] }],
    }),
    /blank = 2/,
    { loss: { type: 'ctc', blank: 2 } },
  ],
];

type Lost = readonly [what: string, model: Uint8Array, says: RegExp, externalData?: ExternalData];

const said = (error: unknown): string => {
  expect(error).toBeInstanceOf(ClrError);
  const { message } = error as ClrError;
  // The message has three parts: what was expected, what was received, what to do.
  expect(message).toMatch(/^\[clr\/onnx\] Expected .+\.\nReceived: .+\n.+\.$/s);
  return message;
};

describe.each([
  ['a damaged file', damaged],
  ['a cycle', cyclic],
  ['sizes that do not fit the model', contradictory],
  ['a model that cannot be trained', meaningless],
] as const)('%s', (_kind, cases) => {
  it.each(cases.map((c) => [c[0], c] as const))('refuses %s', (_what, [, model, says, options = {}]) => {
    const before = model.slice();
    let error: unknown;
    try {
      buildTrainingModel(model, { loss: 'mse', optimizer: sgd(), ...options });
    } catch (reason) {
      error = reason;
    }
    expect(said(error)).toMatch(says);
    expect(model).toEqual(before);
  });
});

it.each(refusedByRuntime.map((c) => [c[0], c] as const))(
  'the runtime refuses %s',
  async (_what, [, model, says, options = {}]) => {
    const quiet = { session: { logSeverityLevel: 4 } } as const;
    const made = createTrainer(ort, model, { loss: 'mse', optimizer: sgd(), ...options, ...quiet });
    expect(said(await made.catch((reason: unknown) => reason))).toMatch(says);
  },
);

describe('weights in missing files', () => {
  const away = (location: string, more: Record<string, string> = {}): Uint8Array =>
    file({
      initializers: [],
      tensors: [
        create(TensorProtoSchema, {
          name: 'w',
          dataType: float,
          dims: [4n, 2n],
          dataLocation: TensorProto_DataLocation.EXTERNAL,
          externalData: Object.entries({ location, ...more }).map(([key, value]) =>
            create(StringStringEntryProtoSchema, { key, value }),
          ),
        }),
      ],
    });
  const cases: readonly Lost[] = [
    ['a model with external weights but no callback that reads them', away('w.bin'), /external data/],
    [
      'a callback that fails',
      away('w.bin'),
      /externalData to give.*the disk is gone/s,
      () => Promise.reject(new Error('the disk is gone')),
    ],
    [
      'a callback that throws',
      away('w.bin'),
      /no such file/,
      () => {
        throw new Error('no such file');
      },
    ],
    [
      'a callback that returns too few bytes',
      away('w.bin', { length: '32' }),
      /32 bytes.*12 bytes/s,
      () => new Uint8Array(12),
    ],
    ['a callback that returns nothing', away('w.bin'), /undefined/, () => undefined as unknown as Uint8Array],
    [
      'a callback that returns too few bytes for a weight without a declared length',
      away('w.bin'),
      /8 elements.*2 elements/s,
      () => new Uint8Array(8),
    ],
    [
      "a length far above the file's size",
      away('w.bin', { length: '3000000000' }),
      /3000000000 bytes.*32 bytes/s,
      () => new Uint8Array(32),
    ],
    ["a location outside of the model's folder", away('../w.bin'), /own folder/, () => new Uint8Array(32)],
    [
      'a negative offset',
      away('w.bin', { offset: '-8' }),
      /offset and the length .*integers of at least 0/,
      () => new Uint8Array(32),
    ],
  ];
  it.each(cases.map((c) => [c[0], c] as const))(
    'refuses %s',
    async (_what, [, model, says, externalData]) => {
      const made = createTrainer(ort, model, {
        loss: 'mse',
        optimizer: sgd(),
        ...(externalData ? { externalData } : {}),
      });
      expect(said(await made.catch((reason: unknown) => reason))).toMatch(says);
    },
  );

  it('refuses a path that does not exist', async () => {
    const made = createTrainer(ort, '/nowhere/model.onnx', { loss: 'mse', optimizer: sgd() });
    expect(said(await made.catch((reason: unknown) => reason))).toMatch(/"\/nowhere\/model.onnx"/);
  });
});

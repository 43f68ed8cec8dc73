import { create } from '@bufbuild/protobuf';
import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { DataType } from '../src/format/dataType.ts';
import { TensorProtoSchema } from '../src/generated/onnx_pb.ts';
import { createTrainer } from '../src/index.ts';
import type { BuildOptions } from '../src/training/options.ts';
import { random } from './checkGradient.ts';
import { directions } from './directions.ts';
import {
  constantNode,
  graphAttribute,
  type InitializerSpec,
  type ModelSpec,
  makeModel,
  type NodeSpec,
} from './makeModel.ts';
import { unrounded } from './unrounded.ts';

const { FLOAT: float, INT64: long, BOOL: bool, INT8: int8 } = DataType;
const draw = random(23);
const normal = (count: number): number[] => Array.from({ length: count }, () => draw() - 0.5);
const sizeOf = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
const floats = (...dims: number[]): ort.Tensor =>
  new ort.Tensor('float32', Float32Array.from(normal(sizeOf(dims))), dims);
const labels = (classes: number, ...dims: number[]): ort.Tensor =>
  new ort.Tensor(
    'int64',
    BigInt64Array.from({ length: sizeOf(dims) }, (_, i) => BigInt(i % classes)),
    dims,
  );
const integer = (value: number): ort.Tensor => new ort.Tensor('int64', BigInt64Array.of(BigInt(value)), []);
const weight = (name: string, ...dims: number[]): InitializerSpec => ({
  name,
  type: float,
  dims,
  values: normal(sizeOf(dims)),
});
const node = (op: string, inputs: string[], outputs: string[], more: Partial<NodeSpec> = {}): NodeSpec => ({
  op,
  inputs,
  outputs,
  ...more,
});
const value = (name: string, type = float) => ({ name, type, dims: undefined });
const [a, b, w] = [weight('w1', 8, 16), weight('w2', 16, 3), weight('w3', 8, 3)];
const twoLayers = [
  node('MatMul', ['x', 'w1'], ['h']),
  node('Relu', ['h'], ['r']),
  node('MatMul', ['r', 'w2'], ['y']),
];

/** A model with a structure that occurs in public files, and the weights that are trained. */
interface Form extends Partial<ModelSpec> {
  readonly nodes: readonly NodeSpec[];
  readonly options: Omit<BuildOptions, 'optimizer'>;
  readonly feeds: Record<string, ort.Tensor>;
  readonly trained: readonly string[];
  /** Returns the model without rounding, because central differences cannot measure through rounded values. */
  readonly smooth?: (file: Uint8Array) => Uint8Array;
}

const rows = { x: floats(6, 8), target: floats(6, 3) };
const mask = Array.from({ length: 25 }, (_, i) => (i % 5 > Math.floor(i / 5) ? Number.NEGATIVE_INFINITY : 0));
const branch = (name: string): ModelSpec => ({
  nodes: [constantNode(weight(name, 8, 3)), node('MatMul', ['x', name], ['o'])],
  outputs: [value('o')],
});
const body: ModelSpec = {
  inputs: [value('i', long), value('c0', bool), value('s')],
  nodes: [
    node('MatMul', ['s', 'U'], ['s1']),
    node('Tanh', ['s1'], ['s2']),
    node('MatMul', ['s2', 'U'], ['s3']),
    node('Tanh', ['s3'], ['s4']),
    node('Identity', ['c0'], ['c1']),
  ],
  outputs: [value('c1', bool), value('s4')],
};

const forms: Readonly<Record<string, Form>> = {
  'weights in Constant nodes': {
    opset: 11,
    nodes: [constantNode(a), constantNode(b), ...twoLayers],
    options: { loss: 'crossEntropy' },
    feeds: { x: floats(6, 8), target: labels(3, 6) },
    trained: ['w1', 'w2'],
  },
  'a mask of −∞ next to a weight': {
    inputs: [{ name: 'x', type: float, dims: ['{n}', 5, 8] }],
    nodes: [
      node('MatMul', ['x', 'q'], ['Q']),
      node('Transpose', ['Q'], ['K'], { attributes: { perm: [0, 2, 1] } }),
      node('MatMul', ['Q', 'K'], ['S']),
      node('Add', ['S', 'attn_mask'], ['A']),
      node('Softmax', ['A'], ['P'], { attributes: { axis: -1 } }),
      node('MatMul', ['P', 'x'], ['y']),
    ],
    initializers: [weight('q', 8, 8), { name: 'attn_mask', type: float, dims: [5, 5], values: mask }],
    options: { loss: 'mse' },
    feeds: { x: floats(2, 5, 8), target: floats(2, 5, 8) },
    trained: ['q'],
  },
  'a loss inside the model': {
    opset: 13,
    inputs: [
      { name: 'x', type: float, dims: ['{n}', 8] },
      { name: 't', type: long, dims: ['{n}'] },
    ],
    outputs: [{ name: 'loss', type: float, dims: [] }],
    nodes: [node('MatMul', ['x', 'w1'], ['h']), node('SoftmaxCrossEntropyLoss', ['h', 't'], ['loss'])],
    initializers: [a],
    options: { loss: { output: 'loss' } },
    feeds: { x: floats(4, 8), t: labels(16, 4) },
    trained: ['w1'],
  },
  'classes on the last axis': {
    inputs: [{ name: 'x', type: float, dims: ['{n}', '{t}', 8] }],
    outputs: [{ name: 'y', type: float, dims: ['{n}', '{t}', 3] }],
    nodes: [node('MatMul', ['x', 'w3'], ['y'])],
    initializers: [w],
    options: { loss: 'crossEntropy' },
    feeds: { x: floats(2, 5, 8), target: labels(3, 2, 5) },
    trained: ['w3'],
  },
  'an If on an input, with weights in its branches': {
    opset: 16,
    inputs: [
      { name: 'x', type: float, dims: ['{n}', 8] },
      { name: 'sr', type: long, dims: [] },
    ],
    nodes: [
      node('Equal', ['sr', 'c'], ['e']),
      node('If', ['e'], ['y'], {
        extra: [graphAttribute('then_branch', branch('v0')), graphAttribute('else_branch', branch('v1'))],
      }),
    ],
    initializers: [{ name: 'c', type: long, dims: [], values: [16000] }],
    options: { loss: 'mse' },
    feeds: { ...rows, sr: integer(8000) },
    trained: ['v0', 'v1'],
  },
  'a loop whose nodes have no names': {
    nodes: [
      node('MatMul', ['x', 'I'], ['h']),
      node('Loop', ['k', 'true', 'h'], ['f'], { extra: [graphAttribute('body', body)] }),
      node('MatMul', ['f', 'O'], ['y']),
    ],
    initializers: [
      weight('U', 6, 6),
      weight('I', 8, 6),
      weight('O', 6, 3),
      { name: 'k', type: long, dims: [], values: [3] },
      { name: 'true', type: bool, dims: [], values: [1] },
    ],
    options: { loss: 'mse' },
    feeds: rows,
    trained: ['U', 'I', 'O'],
  },
  'a function whose nodes have no names': {
    functions: [
      {
        name: 'cube',
        inputs: ['s'],
        outputs: ['o'],
        nodes: [node('Mul', ['s', 's'], ['p']), node('Mul', ['p', 's'], ['o'])],
      },
    ],
    nodes: [node('MatMul', ['x', 'w3'], ['z']), node('cube', ['z'], ['y'], { domain: 'own' })],
    initializers: [w],
    options: { loss: 'mse' },
    feeds: rows,
    trained: ['w3'],
  },
  'operators that the runtime fuses': {
    domains: { 'com.microsoft': 1 },
    nodes: [
      node('MatMul', ['x', 'w1'], ['h']),
      node('BiasGelu', ['h', 'bg'], ['g'], { domain: 'com.microsoft' }),
      node('MatMul', ['g', 'w2'], ['y']),
    ],
    initializers: [a, b, weight('bg', 16)],
    options: { loss: 'mse' },
    feeds: rows,
    trained: ['w1', 'w2', 'bg'],
  },
  'dynamic quantisation to int8': {
    opset: 13,
    nodes: [
      node('DynamicQuantizeLinear', ['x'], ['q', 's', 'z']),
      node('MatMulInteger', ['q', 'wq', 'z'], ['i']),
      node('Cast', ['i'], ['f'], { attributes: { to: float } }),
      node('Mul', ['s', 'wsc'], ['m']),
      node('Mul', ['f', 'm'], ['h']),
      node('MatMul', ['h', 'w2'], ['y']),
    ],
    initializers: [{ name: 'wsc', type: float, dims: [], values: [0.01] }, b],
    tensors: [
      create(TensorProtoSchema, {
        name: 'wq',
        dataType: int8,
        dims: [8n, 16n],
        rawData: new Uint8Array(Int8Array.from({ length: 128 }, () => Math.floor(200 * draw()) - 100).buffer),
      }),
    ],
    options: { loss: 'mse' },
    feeds: rows,
    trained: ['w2', 'wq'],
    smooth: unrounded,
  },
  'an input with the same name as the labels': {
    inputs: [{ name: 'target', type: float, dims: ['{n}', 8] }],
    nodes: [node('MatMul', ['target', 'w3'], ['y'])],
    initializers: [w],
    options: { loss: 'mse' },
    feeds: { target: floats(6, 8), 'clr.target': floats(6, 3) },
    trained: ['w3'],
  },
  'a batch size of 1 that is changed to 16': {
    inputs: [{ name: 'x', type: float, dims: [1, 8] }],
    outputs: [{ name: 'y', type: float, dims: [1, 3] }],
    nodes: [
      node('MatMul', ['x', 'w1'], ['h']),
      node('Reshape', ['h', 'shape'], ['r']),
      node('MatMul', ['r', 'w2'], ['y']),
    ],
    initializers: [a, b, { name: 'shape', type: long, dims: [2], values: [1, 16] }],
    options: { loss: 'mse', sizes: { x: [16, 8] } },
    feeds: { x: floats(16, 8), target: floats(16, 3) },
    trained: ['w1', 'w2'],
  },
};

describe('models with structures that occur in public files', () => {
  it.each(Object.entries(forms))('have correct gradients, and learn: %s', async (_, form) => {
    const { options, feeds, trained, smooth = (file) => file, ...spec } = form;
    const bytes = makeModel({
      inputs: [{ name: 'x', type: float, dims: ['{n}', 8] }],
      outputs: [{ name: 'y', type: float, dims: ['{n}', 3] }],
      ...spec,
    });
    const built = { ...options, optimizer: sgd() };
    const found = await directions(ort, bytes, built, feeds, {
      uphill: true,
      widths: [3e-2, 1e-2, 3e-3],
      smooth,
    });
    for (const { error } of found) expect(error).toBeLessThan(1e-3);
    const trainer = await createTrainer(ort, bytes, { ...built, session: { logSeverityLevel: 4 } });
    expect([...(await trainer.parameters()).keys()].sort()).toEqual([...trained].sort());
    const losses: number[] = [];
    for (let step = 0; step < 10; step++)
      losses.push(await (await trainer.trainStep(feeds, { lr: 0.1 })).loss);
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    await trainer.dispose();
  });
});

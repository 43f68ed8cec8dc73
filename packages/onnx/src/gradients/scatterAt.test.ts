import { sgd } from '@clr/core';
import { meets } from '@clr/tooling/needs';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { random } from '../../test/checkGradient.ts';
import { type InitializerSpec, makeModel, type NodeSpec } from '../../test/makeModel.ts';
import { relativeDifference, repeatGradients } from '../../test/repeatGradients.ts';
import { obstacle, webgpu } from '../../test/webgpuProvider.ts';
import { DataType } from '../format/dataType.ts';
import { createTrainer } from '../index.ts';

const why = await obstacle();
const runs = meets('webgpu', why === undefined, `onnxruntime-node's WebGPU provider: ${why}`);

/** The number of identical calls whose results are compared. */
const calls = Number(process.env.CLR_CALLS ?? 60);
const next = random(1);

const floats = (name: string, dims: readonly number[]): InitializerSpec => ({
  name,
  type: DataType.FLOAT,
  dims,
  values: Float32Array.from({ length: dims.reduce((n, dim) => n * dim, 1) }, () => next() - 0.5),
});

/** Padded texts: each row ends with padding (token 0). The other tokens roughly follow Zipf's law. */
const text = (rows: number, length: number, vocabulary: number): number[] =>
  Array.from({ length: rows * length }, (_, i) => {
    const filled = 0.3 + 0.5 * (((Math.floor(i / length) * 7919) % 97) / 97);
    return i % length < length * filled ? Math.floor(vocabulary ** next()) : 0;
  });

interface Shape {
  readonly nodes: readonly NodeSpec[];
  readonly parameters: readonly InitializerSpec[];
  readonly dims: readonly number[];
  readonly positions: readonly number[];
}

/** A model that reads or writes parameters at `positions`. The loss has a different gradient at every element of y. */
function model({ nodes, parameters, dims }: Shape): Uint8Array {
  return makeModel({
    inputs: [{ name: 'positions', type: DataType.INT64, dims: dims.map((dim, i) => (i === 0 ? 'N' : dim)) }],
    outputs: [{ name: 'loss', type: DataType.FLOAT, dims: [] }],
    initializers: parameters,
    nodes: [
      ...nodes,
      { op: 'Mul', inputs: ['y', 'y'], outputs: ['s'] },
      { op: 'ReduceSum', inputs: ['s'], outputs: ['loss'], attributes: { keepdims: 0 } },
    ],
  });
}

const gather = (axis: number): NodeSpec[] => [
  { op: 'Gather', inputs: ['table', 'positions'], outputs: ['e'], attributes: { axis } },
  { op: 'Mul', inputs: ['e', 'weight'], outputs: ['y'] },
];

const shapes: Readonly<Record<string, () => Shape>> = {
  'an embedding of padded texts, 500 × 64, 64 × 256 tokens': () => ({
    nodes: gather(0),
    parameters: [floats('table', [500, 64]), floats('weight', [256, 64])],
    dims: [64, 256],
    positions: text(64, 256, 500),
  }),
  'a large vocabulary, 20,000 × 32, 16 × 128 tokens': () => ({
    nodes: gather(0),
    parameters: [floats('table', [20_000, 32]), floats('weight', [128, 32])],
    dims: [16, 128],
    positions: text(16, 128, 20_000),
  }),
  'columns of a table, 48 × 12, 4,096 positions': () => ({
    nodes: gather(1),
    parameters: [floats('table', [48, 12]), floats('weight', [4096])],
    dims: [4096],
    positions: text(16, 256, 12),
  }),
  'cells of a grid by GatherND, 8 × 16 × 64, 4,096 pairs': () => ({
    nodes: [
      { op: 'GatherND', inputs: ['table', 'positions'], outputs: ['e'] },
      { op: 'Mul', inputs: ['e', 'weight'], outputs: ['y'] },
    ],
    parameters: [floats('table', [8, 16, 64]), floats('weight', [4096, 64])],
    dims: [4096, 2],
    positions: Array.from(
      { length: 8192 },
      (_, i) => Math.floor((i % 2 ? 16 : 8) * next() ** 3) - (i % 3 ? 0 : 1),
    ),
  }),
  'single elements by GatherElements, 64 × 256, 2,048 rows': () => ({
    nodes: [
      { op: 'GatherElements', inputs: ['table', 'positions'], outputs: ['e'], attributes: { axis: 0 } },
      { op: 'Mul', inputs: ['e', 'weight'], outputs: ['y'] },
    ],
    parameters: [floats('table', [64, 64]), floats('weight', [2048, 64])],
    dims: [2048, 64],
    positions: text(512, 256, 64),
  }),
  "a model's own ScatterND with add, 16,384 updates of 64": () => ({
    nodes: [
      {
        op: 'ScatterND',
        inputs: ['table', 'positions', 'updates'],
        outputs: ['y'],
        attributes: { reduction: 'add' },
      },
    ],
    parameters: [floats('table', [200, 64]), floats('updates', [16_384, 64])],
    dims: [16_384, 1],
    positions: text(64, 256, 200),
  }),
};

describe('gradients of values read at repeated positions', () => {
  it.each(Object.entries(shapes))(
    'are bit-identical in repeated calls, and equal with 1, 2 and 4 threads up to rounding: %s',
    async (_name, shape) => {
      const made = shape();
      const bytes = model(made);
      const at = new ort.Tensor('int64', BigInt64Array.from(made.positions.map(BigInt)), made.dims);
      const single = await repeatGradients(bytes, { threads: 1, calls: 1, feeds: { positions: at } });
      for (const threads of [2, 4]) {
        const { gradients, changed } = await repeatGradients(bytes, {
          threads,
          calls,
          feeds: { positions: at },
        });
        expect([...changed], `${threads} threads`).toEqual([]);
        for (const [name, gradient] of gradients) {
          expect(relativeDifference(single.gradients.get(name) as Float32Array, gradient), name).toBeLessThan(
            1e-6,
          );
        }
      }
    },
  );
});

describe.skipIf(!runs)("gradients of values read at repeated positions, by onnxruntime-node's WebGPU", () => {
  it.each(Object.entries(shapes).slice(0, 4))(
    'webgpu-scatter-order: %s agrees with the CPU up to rounding',
    async (_name, shape) => {
      const made = shape();
      const at = new ort.Tensor('int64', BigInt64Array.from(made.positions.map(BigInt)), made.dims);
      const table = async (session?: ort.InferenceSession.SessionOptions): Promise<Float32Array> => {
        const trainer = await createTrainer(ort, model(made), {
          loss: { output: 'loss' },
          optimizer: sgd(),
          ...(session ? { session } : {}),
        });
        const gradients = await trainer.gradients({ positions: at });
        await trainer.dispose();
        return gradients.get('table')?.data as Float32Array;
      };
      expect(relativeDifference(await table(), await table(webgpu))).toBeLessThan(1e-4);
    },
  );
});

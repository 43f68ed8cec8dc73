import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type InitializerSpec, makeModel, type NodeSpec } from '../../test/makeModel.ts';
import type { Content } from '../format/content.ts';
import { DataType } from '../format/dataType.ts';
import { buildTrainingModel, createTrainer, type TrainerOptions } from '../index.ts';
import { withShapes } from './withShapes.ts';

const float = DataType.FLOAT;
const waves = (length: number, pace: number): number[] =>
  Array.from({ length }, (_, i) => Math.sin(pace * (i + 1) ** 1.1));
const weight = (name: string, dims: number[], pace: number): InitializerSpec => ({
  name,
  type: float,
  dims,
  values: waves(
    dims.reduce((n, size) => n * size, 1),
    pace,
  ),
});
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

interface Head {
  readonly dims: readonly (number | string)[];
  readonly nodes: NodeSpec[];
  readonly weights: InitializerSpec[];
}

/** Heads that compute y [n, 2] from h, which has the shape of x. */
const heads: Readonly<Record<string, Head>> = {
  'a normalisation over the last axis': {
    dims: [4],
    nodes: [node('LayerNormalization', ['h', 'v.scale', 'v.shift'], 'a'), node('Gemm', ['a', 'v'], 'y')],
    weights: [weight('v.scale', [4], 2), weight('v.shift', [4], 3), weight('v', [4, 2], 5)],
  },
  'a product in three axes, a sum and a mean': {
    dims: ['{s}', 4],
    nodes: [
      node('MatMul', ['h', 'v'], 'm'),
      node('Add', ['m', 'v.shift'], 'a'),
      node('Tanh', ['a'], 't'),
      node('ReduceMean', ['t'], 'y', { axes: [1], keepdims: 0 }),
    ],
    weights: [weight('v', [4, 2], 5), weight('v.shift', [2], 3)],
  },
  'a batch normalisation, a convolution and a pool': {
    dims: [2, 3, 3],
    nodes: [
      node('BatchNormalization', ['h', 'v.scale', 'v.shift', 'mean', 'variance'], 'b'),
      node('Conv', ['b', 'v'], 'c'),
      node('GlobalAveragePool', ['c'], 'g'),
      node('Flatten', ['g'], 'y'),
    ],
    weights: [
      weight('v.scale', [2], 2),
      weight('v.shift', [2], 3),
      weight('v', [2, 2, 2, 2], 5),
      { name: 'mean', type: float, dims: [2], values: [0.1, 0.2] },
      { name: 'variance', type: float, dims: [2], values: [1, 2] },
    ],
  },
};

function model({ dims, nodes, weights }: Head): Uint8Array {
  return makeModel({
    opset: 17,
    domains: { 'com.microsoft': 1 },
    inputs: [{ name: 'x', type: float, dims: ['{n}', ...dims] }],
    outputs: [{ name: 'y', type: float, dims: ['{n}', 2] }],
    initializers: weights,
    nodes: [{ op: 'Trilu', domain: 'com.microsoft', inputs: ['x'], outputs: ['h'] }, ...nodes],
  });
}

const options: TrainerOptions = {
  loss: 'mse',
  optimizer: sgd(),
  trainable: (name) => name.startsWith('v'),
  session: { logSeverityLevel: 4 },
};

describe('a frozen operator that clr does not know', () => {
  it.each(Object.entries(heads))('gets its shape from the runtime: %s', async (_name, head) => {
    const bytes = model(head);
    // Without the runtime, the shape is unknown.
    if (head.nodes[0]?.op !== 'MatMul') {
      expect(() => buildTrainingModel(bytes, options)).toThrow(
        /rank of value "h"[\s\S]*node "h" \(Trilu of com\.microsoft\)/,
      );
    }
    const dims = [3, ...head.dims.map((size) => (typeof size === 'number' ? size : 2))];
    const size = dims.reduce((n, each) => n * each, 1);
    const batch = {
      x: new ort.Tensor('float32', Float32Array.from(waves(size, 0.7)), dims),
      target: new ort.Tensor('float32', Float32Array.of(1, 0, 0, 1, 1, 1), [3, 2]),
    };
    const trainer = await createTrainer(ort, bytes, options);
    const gradients = [...(await trainer.gradients(batch)).values()].flatMap(({ data }) => [...data]);
    const length = Math.hypot(...gradients);
    // Along the gradient, the slope of the evaluated loss equals the gradient's length.
    const start = await trainer.snapshot();
    const [role] = Object.keys(start.state) as [string];
    const lossAt = async (step: number): Promise<number> => {
      const moved = structuredClone(start);
      moved.state[role]?.forEach((value, i, all) => {
        all[i] = value + (step * (gradients[i] as number)) / length;
      });
      await trainer.restore(moved);
      return (await trainer.evaluate([batch])).loss;
    };
    const slope = ((await lossAt(1e-2)) - (await lossAt(-1e-2))) / 2e-2;
    expect(Math.abs(slope / length - 1)).toBeLessThan(5e-3);
    await trainer.restore(start);
    // The shapes from the runtime are not written into the exported model.
    expect(Buffer.from(await trainer.exportModel()).equals(Buffer.from(bytes))).toBe(true);
    await trainer.dispose();
  });

  it('is passed to the runtime only if its shape is unknown; the model is unchanged if the runtime fails', async () => {
    const plain = makeModel({
      inputs: [{ name: 'x', type: float, dims: ['{n}', 4] }],
      outputs: [{ name: 'y', type: float, dims: ['{n}', 2] }],
      initializers: [weight('v', [4, 2], 5)],
      nodes: [node('MatMul', ['x', 'v'], 'y')],
    });
    const never = {
      InferenceSession: { create: () => Promise.reject(new Error('asked')) },
      Tensor: ort.Tensor,
    };
    const content = (bytes: Uint8Array): Content => ({ bytes, parts: new Map() });
    const [known, unknown, nonsense] = [
      content(plain),
      content(model(heads['a normalisation over the last axis'] as Head)),
      content(Uint8Array.of(1, 2, 3)),
    ];
    expect(await withShapes(never, known, {})).toBe(known);
    expect(await withShapes(never, unknown, {})).toBe(unknown);
    expect(await withShapes(ort, unknown, {})).not.toBe(unknown);
    expect(await withShapes(never, nonsense, {})).toBe(nonsense);
  });
});

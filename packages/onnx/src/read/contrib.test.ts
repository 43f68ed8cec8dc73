import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type InitializerSpec, makeModel } from '../../test/makeModel.ts';
import type { AttributeValue } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import { createTrainer } from '../index.ts';

const { FLOAT: float } = DataType;
const wave = (length: number, pace: number): number[] =>
  Array.from({ length }, (_, i) => Math.sin(pace * (i + 1) ** 1.3));
const size = (dims: readonly number[]): number => dims.reduce((n, dim) => n * dim, 1);

interface Case {
  /** The shapes of the inputs, which are all parameters. An omitted input is `undefined`. */
  readonly inputs: readonly (readonly number[] | undefined)[];
  readonly dims: readonly number[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly domain?: string;
  /** The output to compare. Default: the first. */
  readonly output?: number;
  /** The number of parameters that reach this output. Default: all. */
  readonly reaching?: number;
}

const x = [2, 3, 8];
const cases: Readonly<Record<string, Case>> = {
  Gelu: { inputs: [x], dims: x },
  BiasGelu: { inputs: [x, [8]], dims: x },
  FastGelu: { inputs: [x, [8]], dims: x },
  QuickGelu: { inputs: [x], dims: x, attributes: { alpha: { float: 1.5 } } },
  FusedMatMul: {
    inputs: [
      [2, 3, 4],
      [2, 5, 4],
    ],
    dims: [2, 3, 5],
    attributes: { transB: 1, alpha: { float: 0.25 } },
  },
  FusedConv: {
    inputs: [
      [2, 3, 6, 6],
      [4, 3, 3, 3],
    ],
    dims: [2, 4, 3, 3],
    attributes: {
      kernel_shape: [3, 3],
      pads: [1, 1, 1, 1],
      strides: [2, 2],
      activation: 'LeakyRelu',
      activation_params: { floats: [0.25] },
    },
  },
  SkipLayerNormalization: {
    inputs: [x, x, [8], [8], [8]],
    dims: x,
    attributes: { epsilon: { float: 1e-5 } },
  },
  'SkipLayerNormalization, its sum output': { inputs: [x, x, [8]], dims: x, output: 3, reaching: 2 },
  SkipSimplifiedLayerNormalization: {
    inputs: [x, x, [8], [8]],
    dims: x,
    attributes: { epsilon: { float: 1e-5 } },
  },
  SimplifiedLayerNormalization: { inputs: [x, [8]], dims: x, domain: '' },
  MultiHeadAttention: { inputs: [x, [2, 5, 8], [2, 5, 8], [24]], dims: x, attributes: { num_heads: 2 } },
  Attention: { inputs: [x, [8, 24], [24]], dims: x, attributes: { num_heads: 4 } },
};

/** A model with one operator. Each input of the operator is a parameter times `one`, an input of the model. */
function modelOf(name: string, c: Case): { file: Uint8Array; parameters: readonly InitializerSpec[] } {
  const parameters = c.inputs.flatMap((dims, i) =>
    dims ? [{ name: `p${i}`, type: float, dims, values: wave(size(dims), 0.7 + i / 3) }] : [],
  );
  const { domain = 'com.microsoft', output = 0 } = c;
  const op = name.split(',')[0] as string;
  const outputs = Array.from({ length: output + 1 }, (_, i) => (i === output ? 'y' : i === 0 ? 'first' : ''));
  const file = makeModel({
    opset: 18,
    domains: { 'com.microsoft': 1 },
    inputs: [{ name: 'one', type: float, dims: [1] }],
    outputs: [{ name: 'y', type: float, dims: c.dims }],
    initializers: parameters,
    nodes: [
      ...parameters.map(({ name: p }) => ({ op: 'Mul', inputs: [p, 'one'], outputs: [`m${p}`] })),
      {
        op,
        domain,
        inputs: c.inputs.map((dims, i) => (dims ? `mp${i}` : '')),
        outputs,
        ...(c.attributes ? { attributes: c.attributes } : {}),
      },
    ],
  });
  return { file, parameters };
}

const one = new ort.Tensor('float32', Float32Array.of(1), [1]);

describe("ONNX Runtime's own operators, written in standard operators", () => {
  it.each(Object.entries(cases))(
    '%s: agrees with the kernel of ONNX Runtime, and its gradient with central differences',
    async (name, c) => {
      const { file, parameters } = modelOf(name, c);
      const session = await ort.InferenceSession.create(file, { graphOptimizationLevel: 'disabled' });
      const kernel = (await session.run({ one })).y?.data as Float32Array;
      await session.release();
      const target = new ort.Tensor('float32', Float32Array.from(wave(size(c.dims), 0.31)), c.dims);
      const trainer = await createTrainer(ort, file, {
        loss: 'mse',
        optimizer: sgd(),
        trainable: () => true,
      });
      const batch = { one, target };
      const { outputs } = (await trainer.predictBatch?.(batch)) ?? {};
      const values = outputs as Float32Array;
      const largest = Math.max(...kernel.map(Math.abs));
      const apart = Math.max(...kernel.map((value, i) => Math.abs(value - (values[i] as number))));
      expect(apart / largest).toBeLessThan(1e-5);
      const gradients = await trainer.gradients(batch);
      const reaching = parameters.slice(0, c.reaching).map((parameter) => parameter.name);
      expect([...gradients.keys()]).toEqual(reaching);
      const snapshot = await trainer.snapshot();
      for (const [parameter, { data }] of gradients) {
        // Moves along the gradient itself. In that direction, the difference is largest compared with rounding.
        const length = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0));
        const at = async (step: number): Promise<number> => {
          const moved = structuredClone(snapshot);
          for (const { role, input, parts } of moved.layout) {
            if (role !== 'parameters') continue;
            for (const { name: part, offset } of parts) {
              if (part !== parameter) continue;
              const vector = moved.state[input] as Float32Array;
              for (const [i, value] of data.entries()) vector[offset + i]! += (step * value) / length;
            }
          }
          await trainer.restore(moved);
          return (await trainer.evaluate([batch])).loss;
        };
        const step = 0.02;
        // Richardson extrapolation, with an error of fourth order.
        const slope = async (h: number) => ((await at(h)) - (await at(-h))) / (2 * h);
        const [near, far] = [await slope(step), await slope(2 * step)];
        expect(Math.abs((4 * near - far) / 3 - length) / length, parameter).toBeLessThan(2e-3);
      }
      await trainer.dispose();
    },
  );
});

import { describe, expect, it } from 'vitest';
import { draw, type OperatorCase, random } from '../../test/checkGradient.ts';
import { type InitializerSpec, makeModel } from '../../test/makeModel.ts';
import { differentiableCases } from '../../test/operatorCases.ts';
import { relativeDifference, repeatGradients } from '../../test/repeatGradients.ts';
import { DataType } from '../format/dataType.ts';
import { operators } from './index.ts';

/** The number of identical calls whose results are compared. */
const calls = Number(process.env.CLR_CALLS ?? 60);

/**
 * Sizes at which ONNX Runtime's kernels use several threads, as its profiles show. A size of 160 suffices for most.
 * Cheap kernels need larger tensors; for slow kernels, smaller tensors suffice.
 */
const sizes: Readonly<Record<string, number>> = {
  RoiAlign: 32,
  ...Object.fromEntries(
    ['HardSigmoid', 'HardSwish', 'LeakyRelu', 'Clip', 'GatherElements', 'ScatterElements'].map((op) => [
      op,
      256,
    ]),
  ),
  ...Object.fromEntries(
    ['Conv', 'ConvTranspose', 'LpPool', 'LRN', 'GridSample', 'RNN', 'GRU', 'LSTM', 'Resize'].map((op) => [
      op,
      64,
    ]),
  ),
};

/** A model of one operator over parameters. The loss is the sum of the squares of its float outputs. */
function modelOf({
  op,
  inputs,
  attributes,
  outputs = [true],
  opset = 18,
}: Omit<OperatorCase, 'seed'>): Uint8Array {
  const next = random(11);
  const initializers = inputs.flatMap((input, i): InitializerSpec[] => {
    if (!input) return [];
    const { dims, type = DataType.FLOAT, values, start, draw: kind = 'normal' } = input;
    const count = dims.reduce((n, dim) => n * dim, 1);
    return [{ name: `x${i}`, type, dims, values: values ?? start ?? draw(kind, count, next) }];
  });
  // Attention's fourth output, the scores, has no gradient.
  const used = outputs.flatMap((float, i) => (float && i < 3 ? [`y${i}`] : []));
  return makeModel({
    opset,
    initializers,
    outputs: [{ name: 'loss', type: DataType.FLOAT, dims: [] }],
    nodes: [
      {
        op,
        inputs: inputs.map((input, i) => (input ? `x${i}` : '')),
        outputs: outputs.map((_, i) => `y${i}`),
        ...(attributes ? { attributes } : {}),
      },
      ...used.flatMap((y) => [
        { op: 'Cast', inputs: [y], outputs: [`${y}:float`], attributes: { to: DataType.FLOAT } },
        { op: 'Mul', inputs: [`${y}:float`, `${y}:float`], outputs: [`${y}:square`] },
        { op: 'ReduceSum', inputs: [`${y}:square`], outputs: [`${y}:term`], attributes: { keepdims: 0 } },
      ]),
      { op: 'Sum', inputs: used.map((y) => `${y}:term`), outputs: ['loss'] },
    ],
  });
}

describe('gradients of large tensors', () => {
  it.each(Object.entries(differentiableCases))('are bit-identical in every call: %s', async (op, make) => {
    const model = modelOf({ op, ...make(sizes[op] ?? 160) });
    const { differentiable } = operators.get(op) as { differentiable: readonly number[] | 'all' };
    const trainable = (name: string): boolean =>
      differentiable === 'all' || differentiable.some((i) => name === `x${i}`);
    const single = await repeatGradients(model, { threads: 1, calls: 1, trainable });
    for (const threads of [2, 4]) {
      const { gradients, changed } = await repeatGradients(model, { threads, calls, trainable });
      expect([...changed], `${threads} threads`).toEqual([]);
      for (const [name, gradient] of gradients) {
        expect(relativeDifference(single.gradients.get(name) as Float32Array, gradient), name).toBeLessThan(
          1e-6,
        );
      }
    }
  });
});

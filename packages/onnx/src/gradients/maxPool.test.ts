import { sgd } from '@clr/core';
import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { buildGradientModel, createTrainer } from '../index.ts';
import type { Provider } from '../lower/target.ts';

const float = DataType.FLOAT;

interface Case {
  readonly dims: readonly [number, number, number, number];
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly relu: boolean;
  /** Small integers, so that many windows have several maxima. */
  readonly x: readonly number[];
}

/**
 * The gradient of Σ i·y over the pooled elements by PyTorch's rule: the first maximum of each window gets the whole
 * gradient.
 */
function expected({ dims: [n, c, h, w], kernel, strides, relu, x }: Case): number[] {
  const gradient = Array<number>(x.length).fill(0);
  const value = (at: number): number => (relu ? Math.max(0, x[at] as number) : (x[at] as number));
  const [rows, columns] = [h, w].map((size, i) => Math.floor((size - kernel[i]!) / strides[i]!) + 1);
  for (let i = 0; i < n * c * rows! * columns!; i++) {
    const [plane, row, column] = [
      Math.floor(i / (rows! * columns!)),
      Math.floor(i / columns!) % rows!,
      i % columns!,
    ];
    let best = -1;
    for (let k = 0; k < kernel[0] * kernel[1]; k++) {
      const [down, across] = [Math.floor(k / kernel[1]), k % kernel[1]];
      const at = (plane * h + row * strides[0] + down) * w + column * strides[1] + across;
      if (best < 0 || value(at) > value(best)) best = at;
    }
    if (!relu || x[best]! > 0) gradient[best]! += i + 1;
  }
  return gradient;
}

async function found({ dims, kernel, strides, relu, x }: Case, provider: Provider): Promise<number[]> {
  const [n, c, ...sizes] = dims;
  const pooledDims = [n, c, ...sizes.map((size, i) => Math.floor((size - kernel[i]!) / strides[i]!) + 1)];
  const bytes = makeModel({
    inputs: [{ name: 'weights', type: float, dims: pooledDims }],
    outputs: [{ name: 'loss', type: float, dims: [] }],
    // The stored values must be finite, because a tensor with infinite values would count as a mask. The real values
    // are fed below.
    initializers: [{ name: 'x', type: float, dims, values: x.map(() => 1) }],
    nodes: [
      { op: relu ? 'Relu' : 'Identity', inputs: ['x'], outputs: ['a'] },
      {
        op: 'MaxPool',
        inputs: ['a'],
        outputs: ['y'],
        attributes: { kernel_shape: kernel, strides },
      },
      { op: 'Mul', inputs: ['y', 'weights'], outputs: ['products'] },
      { op: 'ReduceSum', inputs: ['products'], outputs: ['loss'], attributes: { keepdims: 0 } },
    ],
  });
  const model = buildGradientModel(bytes, { loss: { output: 'loss' }, optimizer: sgd(), provider });
  const session = await ort.InferenceSession.create(model.bytes, { logSeverityLevel: 3 });
  const count = pooledDims.reduce((product, size) => product * size, 1);
  const weights = Float32Array.from({ length: count }, (_, i) => i + 1);
  const results = await session.run({
    weights: new ort.Tensor('float32', weights, pooledDims),
    'parameters.0': new ort.Tensor('float32', Float32Array.from(x), [x.length]),
  });
  await session.release();
  return Array.from(results['gradients.0']!.data as Float32Array);
}

const pair = (most: number): fc.Arbitrary<[number, number]> => {
  const size = fc.integer({ min: 1, max: most });
  return fc.tuple(size, size);
};

const cases = fc
  .record({
    batch: pair(3),
    kernel: pair(3),
    places: pair(5),
    spare: fc.boolean(),
    relu: fc.boolean(),
    overlap: fc.boolean(),
  })
  .chain(({ batch, kernel, places, spare, relu, overlap }) => {
    const sizes = places.map((count, i) => count * kernel[i]! + (spare ? 1 : 0)) as [number, number];
    const dims = [...batch, ...sizes] as const;
    const length = dims.reduce((product, size) => product * size, 1);
    const x = fc.array(fc.integer({ min: -2, max: 2 }), { minLength: length, maxLength: length });
    const strides = kernel.map((k) => Math.max(1, overlap ? k - 1 : k)) as [number, number];
    return x.map((values): Case => ({ dims, kernel, strides, relu, x: values }));
  });

describe('the backward pass of a max pool, with several maxima in a window', () => {
  it.each<Provider>(['cpu', 'any', 'webgpu'])(
    'gives the whole gradient to the first maximum, for the provider %s',
    async (provider) => {
      await fc.assert(
        fc.asyncProperty(cases, async (c) => {
          expect(await found(c, provider)).toEqual(expected(c));
        }),
        { numRuns: 60 },
      );
    },
  );

  it("gives finite gradients next to a window of −∞ (implementation 'by rows', CPU)", async () => {
    const x = [1, 2, -Infinity, -Infinity, 3, 4, 0, 0, -Infinity, -Infinity, 5, 6];
    const c: Case = { dims: [1, 1, 2, 6], kernel: [2, 2], strides: [2, 2], relu: false, x };
    const gradient = await found(c, 'cpu');
    const others = [0, 1, 4, 5, 6, 7, 10, 11];
    expect(others.map((at) => gradient[at])).toEqual([0, 1, 0, 0, 0, 0, 0, 3]);
  });
});

describe('the gradient of a max pool over a mask with −∞', () => {
  it.each(['cpu', 'any', 'webgpu'] as const)("goes to each window's maximum: %s", async (provider) => {
    const bytes = makeModel({
      inputs: [{ name: 'mask', type: DataType.FLOAT, dims: [1, 1, 3, 3] }],
      outputs: [{ name: 'loss', type: DataType.FLOAT, dims: [] }],
      initializers: [
        { name: 'w', type: DataType.FLOAT, dims: [1, 1, 3, 3], values: [5, 2, 9, 4, 7, 1, 8, 3, 6] },
      ],
      nodes: [
        { op: 'Add', inputs: ['w', 'mask'], outputs: ['x'] },
        { op: 'MaxPool', inputs: ['x'], outputs: ['y'], attributes: { kernel_shape: [2, 2] } },
        { op: 'ReduceSum', inputs: ['y'], outputs: ['loss'], attributes: { keepdims: 0 } },
      ],
    });
    const trainer = await createTrainer(ort, bytes, {
      loss: { output: 'loss' },
      optimizer: sgd(),
      provider,
    });
    const mask = new ort.Tensor(
      'float32',
      Float32Array.of(-Infinity, 0, 0, 0, -Infinity, 0, 0, 0, 0),
      [1, 1, 3, 3],
    );
    expect((await trainer.gradients({ mask })).get('w')?.data).toEqual(
      Float32Array.of(0, 0, 1, 1, 0, 0, 1, 0, 1),
    );
    await trainer.dispose();
  });
});

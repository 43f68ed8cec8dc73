import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { createTrainer } from '../index.ts';

const float = DataType.FLOAT;
const wave = (n: number): number[] => Array.from({ length: n }, (_, i) => Math.sin(i * i));

/** The last state of a GRU over sequences of any length. */
const model = makeModel({
  inputs: [{ name: 'x', type: float, dims: ['{steps}', '{batch}', 2] }],
  outputs: [{ name: 'y', type: float, dims: [1, '{batch}', 3] }],
  initializers: [
    { name: 'w', type: float, dims: [1, 9, 2], values: wave(18) },
    { name: 'r', type: float, dims: [1, 9, 3], values: wave(27) },
  ],
  nodes: [{ op: 'GRU', inputs: ['x', 'w', 'r'], outputs: ['', 'y'], attributes: { hidden_size: 3 } }],
});
const options = { loss: 'mse', optimizer: sgd() } as const;

describe('sizes', () => {
  it('fix the number of steps of a recurrent layer and leave the batch size dynamic', async () => {
    const free = await createTrainer(ort, model, options);
    const trainer = await createTrainer(ort, model, { ...options, sizes: { steps: 5 } });
    for (const batch of [2, 4]) {
      const x = new ort.Tensor('float32', Float32Array.from(wave(10 * batch)), [5, batch, 2]);
      const target = new ort.Tensor('float32', new Float32Array(3 * batch), [1, batch, 3]);
      const first = await trainer.evaluate([{ x, target }]);
      await trainer.trainStep({ x, target }, { lr: 0.1 });
      // A dynamic number of steps gives the same result, but more slowly.
      await free.trainStep({ x, target }, { lr: 0.1 });
      const [fixed, loose] = [await trainer.parameters(), await free.parameters()];
      for (const [name, { data }] of fixed) {
        const others = loose.get(name)?.data as Float32Array;
        data.forEach((value, i) => {
          expect(others[i]).toBeCloseTo(value, 6);
        });
      }
      expect((await trainer.evaluate([{ x, target }])).loss).toBeLessThan(first.loss);
    }
    const short = new ort.Tensor('float32', new Float32Array(8), [2, 2, 2]);
    const target = new ort.Tensor('float32', new Float32Array(6), [1, 2, 3]);
    await expect(trainer.trainStep({ x: short, target }, { lr: 0.1 })).rejects.toThrow(/\[5, batch, 2\]/);
    await trainer.dispose();
  });

  it.each([{ step: 5 }, { steps: 0 }, { steps: 2.5 }])(
    'are refused if they are invalid: %j',
    async (sizes) => {
      await expect(createTrainer(ort, model, { ...options, sizes })).rejects.toThrow(/Expected sizes/);
    },
  );
});

/** A net whose file fixes the batch size in the input, in the shapes of the Reshapes and in the Expand of a token. */
const fixed = (batch: number) =>
  makeModel({
    inputs: [{ name: 'x', type: float, dims: [batch, 4, 2] }],
    outputs: [{ name: 'y', type: float, dims: [batch, 3] }],
    initializers: [
      { name: 'token', type: float, dims: [1, 1, 2], values: [0.5, -0.25] },
      { name: 'w', type: float, dims: [10, 6], values: wave(60) },
      { name: 'v', type: float, dims: [6, 3], values: wave(18) },
      { name: 'flat', type: DataType.INT64, dims: [2], values: [batch, 10] },
      { name: 'parts', type: DataType.INT64, dims: [3], values: [batch, 2, -1] },
      { name: 'whole', type: DataType.INT64, dims: [2], values: [batch, -1] },
      ...(batch === 1 ? [] : [{ name: 'times', type: DataType.INT64, dims: [3], values: [batch, 1, 1] }]),
    ],
    nodes: [
      ...(batch === 1 ? [] : [{ op: 'Expand', inputs: ['token', 'times'], outputs: ['tokens'] }]),
      {
        op: 'Concat',
        inputs: [batch === 1 ? 'token' : 'tokens', 'x'],
        outputs: ['c'],
        attributes: { axis: 1 },
      },
      { op: 'Reshape', inputs: ['c', 'flat'], outputs: ['f'] },
      { op: 'MatMul', inputs: ['f', 'w'], outputs: ['h'] },
      { op: 'Reshape', inputs: ['h', 'parts'], outputs: ['p'] },
      { op: 'Tanh', inputs: ['p'], outputs: ['t'] },
      { op: 'Reshape', inputs: ['t', 'whole'], outputs: ['a'] },
      { op: 'MatMul', inputs: ['a', 'v'], outputs: ['y'] },
    ],
  });

describe('sizes that the file fixes', () => {
  it('can be changed together with the constants that repeat them', async () => {
    const batch = {
      x: new ort.Tensor('float32', Float32Array.from(wave(40)), [5, 4, 2]),
      target: new ort.Tensor('float32', Float32Array.from(wave(15)), [5, 3]),
    };
    const changed = await createTrainer(ort, fixed(1), { ...options, sizes: { x: [5, 4, 2] } });
    const plain = await createTrainer(ort, fixed(5), options);
    expect(await changed.gradients(batch)).toEqual(await plain.gradients(batch));
    expect((await changed.exportModel()).length).toBe(fixed(1).length);
    await changed.dispose();
    await plain.dispose();
  });

  const one = { name: 'one', type: DataType.INT64, dims: [1], values: [0] };
  const last = { name: 'w', type: float, dims: [2], values: [1, 2] };
  const taking = (op: string, attributes = {}) =>
    makeModel({
      inputs: [{ name: 'x', type: float, dims: [1, 4, 2] }],
      outputs: [{ name: 'y', type: float, dims: undefined }],
      initializers: [one, last],
      nodes: [
        { op, inputs: ['x', 'one'], outputs: ['a'], attributes },
        { op: 'Mul', inputs: ['a', 'w'], outputs: ['y'] },
      ],
    });

  /** A model that shrinks an image, enlarges it to a fixed size, and combines the result with the image. */
  const enlarged = (op: string, attributes = {}) =>
    makeModel({
      inputs: [{ name: 'x', type: float, dims: [1, 2, 8, 8] }],
      outputs: [{ name: 'y', type: float, dims: undefined }],
      initializers: [last, { name: 'size', type: DataType.INT64, dims: [4], values: [1, 2, 8, 8] }],
      nodes: [
        {
          op: 'AveragePool',
          inputs: ['x'],
          outputs: ['s'],
          attributes: { kernel_shape: [2, 2], strides: [2, 2] },
        },
        { op: 'Resize', inputs: ['s', '', '', 'size'], outputs: ['r'] },
        { op, inputs: ['x', 'r'], outputs: ['j'], attributes },
        { op: 'ReduceMean', inputs: ['j'], outputs: ['m'], attributes: { axes: [1, 2], keepdims: 0 } },
        { op: 'MatMul', inputs: ['m', 'w'], outputs: ['y'] },
      ],
      opset: 13,
    });

  it.each([
    [enlarged('Concat', { axis: 1 }), { x: [1, 2, 16, 16] }, /Concat.*\[1, 2, 16, 16\] and \[1, 2, 8, 8\]/],
    [enlarged('Add'), { x: [1, 2, 16, 8] }, /Add.*\[1, 2, 16, 8\] and \[1, 2, 8, 8\]/],
    [taking('Gather', { axis: 0 }), { x: [3, 4, 2] }, /Gather\), which takes fixed positions of that axis/],
    [taking('Squeeze'), { x: [3, 4, 2] }, /Squeeze\), which drops that axis/],
    [fixed(1), { x: [3, 5, 2] }, /Reshape/],
    [fixed(1), { x: [3, 4] }, /x = \[3, 4\] for an input of 3 axes/],
    [fixed(1), { z: [3, 4] }, /Received: z = \[3, 4\]/],
    [fixed(1), { x: [0, 4, 2] }, /Received: x = \[0, 4, 2\]/],
    [model, { x: [5, 2, 2], batch: 3 }, /axis "batch" = 3, and 2 elsewhere/],
  ])(
    'are refused if a node cannot adapt to new ones, or if the new ones are invalid or contradictory: %#',
    async (file, sizes, message) => {
      await expect(createTrainer(ort, file, { ...options, sizes })).rejects.toThrow(message);
    },
  );
});

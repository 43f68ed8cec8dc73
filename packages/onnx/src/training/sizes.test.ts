import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { createTrainer, UnsupportedOperatorError } from '../index.ts';

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
  it('fix the number of steps, which a recurrent layer needs; the batch stays free', async () => {
    await expect(createTrainer(ort, model, options)).rejects.toThrow(UnsupportedOperatorError);
    const trainer = await createTrainer(ort, model, { ...options, sizes: { steps: 5 } });
    for (const batch of [2, 4]) {
      const x = new ort.Tensor('float32', Float32Array.from(wave(10 * batch)), [5, batch, 2]);
      const target = new ort.Tensor('float32', new Float32Array(3 * batch), [1, batch, 3]);
      const first = await trainer.evaluate([{ x, target }]);
      await trainer.trainStep({ x, target }, { lr: 0.1 });
      expect((await trainer.evaluate([{ x, target }])).loss).toBeLessThan(first.loss);
    }
    const short = new ort.Tensor('float32', new Float32Array(8), [2, 2, 2]);
    const target = new ort.Tensor('float32', new Float32Array(6), [1, 2, 3]);
    await expect(trainer.trainStep({ x: short, target }, { lr: 0.1 })).rejects.toThrow(/\[5, batch, 2\]/);
    await trainer.dispose();
  });

  it.each([{ step: 5 }, { steps: 0 }, { steps: 2.5 }])('refuse %j', async (sizes) => {
    await expect(createTrainer(ort, model, { ...options, sizes })).rejects.toThrow(/Expected sizes/);
  });
});

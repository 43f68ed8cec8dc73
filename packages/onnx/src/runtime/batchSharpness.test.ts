import { adam, type Optimizer, rangeTest, rmsProp, sgd } from '@clr/core';
import oracle from '@clr/tooling/oracle/sharpness.json' with { type: 'json' };
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { oracleModel } from '../../test/oracle.ts';
import { smallBatch, smallModel } from '../../test/smallModel.ts';
import { DataType } from '../format/dataType.ts';
import { type Batch, createTrainer, type OnnxTrainer, type TrainerOptions } from '../index.ts';

async function withTrainer<T>(
  model: Uint8Array,
  options: TrainerOptions,
  use: (trainer: OnnxTrainer) => Promise<T>,
): Promise<T> {
  const trainer = await createTrainer(ort, model, options);
  try {
    return await use(trainer);
  } finally {
    await trainer.dispose();
  }
}

const { cases } = oracle;
const float = DataType.FLOAT;

/** y = a x₁ + c x₂ with mean squared error: a quadratic with Hessian 2 XᵀX / N. */
const line = makeModel({
  inputs: [{ name: 'input', type: float, dims: ['{batch}', 2] }],
  outputs: [{ name: 'y', type: float, dims: ['{batch}', 1] }],
  initializers: [{ name: 'weight', type: float, dims: [2, 1], values: Float32Array.of(0.5, -1) }],
  nodes: [{ op: 'MatMul', inputs: ['input', 'weight'], outputs: ['y'] }],
});
const points: Batch = {
  input: new ort.Tensor('float32', Float32Array.of(1, 0, 0, 3), [2, 2]),
  target: new ort.Tensor('float32', Float32Array.of(0, 0), [2, 1]),
};

describe('batch sharpness', () => {
  it('is exact for a quadratic', async () => {
    // H = diag(1, 9) and g = H (0.5, −1) = (0.5, −9).
    const [g, h] = [
      [0.5, -9],
      [1, 9],
    ] as const;
    const along = (d: readonly number[]): number =>
      d.reduce((sum, value, i) => sum + value * value * h[i]!, 0) /
      d.reduce((sum, value, i) => sum + value * g[i]!, 0);
    const of = (optimizer: Optimizer, more: Partial<TrainerOptions> = {}) =>
      withTrainer(line, { loss: 'mse', optimizer, ...more }, (trainer) => trainer.batchSharpness(points));

    expect(await of(sgd())).toBeCloseTo(along(g), 3);
    expect(await of(sgd({ momentum: 0.9, weightDecay: 0.1 }))).toBeCloseTo(along(g), 3);
    expect(await of(adam())).toBeCloseTo(along([1, -1]), 3);
    // The first mean square is (1 − α) g², and the velocity sums to 1 / (1 − μ).
    expect(await of(rmsProp({ alpha: 0.96, momentum: 0.5 }))).toBeCloseTo(along([10, -10]), 3);
    const groups = [{ match: () => true, lrScale: 3 }];
    expect(await of(sgd(), { groups })).toBeCloseTo(3 * along(g), 3);
  });

  // The leaky ReLU in the last model has kinks, which Hessian-vector products do not see.
  it.each([
    ['encoder', 0.005],
    ['regressor', 0.005],
    ['bn-frozen', 0.1],
  ])('agrees with exact Hessian-vector products: %s', async (name, tolerance) => {
    const { bytes, loss, batches } = oracleModel(name);
    let worst = 0;
    for (const kind of ['sgd', 'adam'] as const) {
      const optimizer = kind === 'sgd' ? sgd() : adam();
      await withTrainer(bytes, { loss, optimizer }, async (trainer) => {
        for (const wanted of cases.filter(({ model }) => model === name)) {
          const found = await trainer.batchSharpness(batches[wanted.batch] as Batch);
          worst = Math.max(worst, Math.abs(found / wanted[kind] - 1));
        }
      });
    }
    expect(worst).toBeLessThan(tolerance);
  });

  it('uses the mean square that the optimizer has after a step', async () => {
    const found = await withTrainer(
      line,
      { loss: 'mse', optimizer: adam({ beta2: 0.5 }) },
      async (trainer) => {
        await trainer.trainStep(points, { lr: 0.5, momentum: 0 });
        return trainer.batchSharpness(points);
      },
    );
    // After one step of 0.5 along the signs, the weights are (0, −0.5), so g = (0, −4.5). The second mean square is
    // (0.25 · 9² + 0.5 · 4.5²) / (1 − 0.5²).
    const square = (0.25 * 81 + 0.5 * 4.5 ** 2) / 0.75;
    const d = -4.5 / Math.sqrt(square);
    expect(found).toBeCloseTo((9 * d * d) / (-4.5 * d), 3);
  });

  it('leaves the state of the trainer unchanged', async () => {
    const options = { loss: 'crossEntropy', optimizer: sgd({ momentum: 0.9 }) } as const;
    await withTrainer(smallModel(), options, async (trainer) => {
      await trainer.trainStep(smallBatch(0), { lr: 0.1 });
      const before = await trainer.snapshot();
      await trainer.batchSharpness(smallBatch(1));
      expect(await trainer.snapshot()).toEqual(before);
    });
  });

  it('refuses a bad batch', async () => {
    await withTrainer(line, { loss: 'mse', optimizer: sgd() }, async (trainer) => {
      await expect(trainer.batchSharpness({ input: points.input! })).rejects.toThrow('target');
    });
  });

  it('is measured in a range test and reported in its result', async () => {
    const options = { loss: 'crossEntropy', optimizer: sgd() } as const;
    await withTrainer(smallModel(), options, async (trainer) => {
      const batches = Array.from({ length: 16 }, (_, i) => smallBatch(i));
      const { sharpness, momentum } = await rangeTest(trainer, batches);
      expect(momentum).toBe(0);
      expect(sharpness?.length).toBeGreaterThan(0);
      for (const point of sharpness ?? []) expect(point.sharpness).not.toBeNull();
    });
  });
});

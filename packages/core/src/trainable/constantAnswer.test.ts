import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConstantTargets, constantAnswer } from './constantAnswer.ts';

const same = (targets: ConstantTargets): ConstantTargets => targets;
const values = (loss: 'mse' | 'l1' | 'binaryCrossEntropy', numbers: readonly number[], width = 1) =>
  [{ loss, values: numbers, width }] satisfies ConstantTargets[];

/** The loss of a constant answer for one target. */
const losses = {
  mse: (target: number, answer: number) => (target - answer) ** 2,
  l1: (target: number, answer: number) => Math.abs(target - answer),
  binaryCrossEntropy: (target: number, answer: number) =>
    -(target && target * Math.log(answer)) - (1 - target && (1 - target) * Math.log(1 - answer)),
};

describe('constantAnswer', () => {
  it('for class indices: the loss is the entropy of the shares, and the accuracy is the largest share', async () => {
    const classes = [0n, 1n, 2n, 0n, 0n, 1n, 0n, 0n];
    const { loss, accuracy } = await constantAnswer([{ loss: 'crossEntropy', classes }], same);
    expect(loss).toBeCloseTo(
      -(5 / 8) * Math.log(5 / 8) - (2 / 8) * Math.log(2 / 8) - Math.log(1 / 8) / 8,
      12,
    );
    expect(accuracy).toBe(5 / 8);
  });

  it('for class probabilities: loss = entropy of their mean, accuracy = share of the commonest argmax', async () => {
    // Two examples of three classes at two positions: [N, classes, positions].
    const shares = [0.8, 0.1, 0.1, 0.7, 0.1, 0.2, /* */ 0.6, 0.3, 0.2, 0.3, 0.2, 0.4];
    const mean = [0.8 + 0.1 + 0.6 + 0.3, 0.1 + 0.7 + 0.2 + 0.3, 0.1 + 0.2 + 0.2 + 0.4].map((sum) => sum / 4);
    const targets: ConstantTargets = { loss: 'crossEntropy', shares, width: 3, stride: 2 };
    const { loss, accuracy } = await constantAnswer([targets], same);
    expect(loss).toBeCloseTo(
      mean.reduce((sum, share) => sum - share * Math.log(share), 0),
      12,
    );
    expect(accuracy).toBe(2 / 4);
  });

  it('doubles the loss if the class probabilities sum to 2, as cross-entropy does', async () => {
    const of = (factor: number) =>
      constantAnswer(
        [{ loss: 'crossEntropy', shares: [0.5, 0.25, 0.25].map((share) => factor * share), width: 3 }],
        same,
      );
    expect((await of(2)).loss).toBeCloseTo(2 * (await of(1)).loss, 12);
  });

  it.each(['mse', 'l1', 'binaryCrossEntropy'] as const)(
    'for %s: no other constant has a lower loss',
    async (loss) => {
      const target =
        loss === 'binaryCrossEntropy'
          ? fc.integer({ min: 0, max: 1 })
          : fc.double({ min: -9, max: 9, noNaN: true });
      const answer = fc.double(
        loss === 'binaryCrossEntropy'
          ? { min: 0.001, max: 0.999, noNaN: true }
          : { min: -9, max: 9, noNaN: true },
      );
      await fc.assert(
        fc.asyncProperty(
          fc.array(target, { minLength: 1, maxLength: 20 }),
          answer,
          async (targets, other) => {
            const best = (await constantAnswer(values(loss, targets), same)).loss;
            const mean = targets.reduce((sum, one) => sum + losses[loss](one, other), 0) / targets.length;
            expect(best).toBeLessThanOrEqual(mean + 1e-9);
          },
        ),
      );
    },
  );

  it('treats each output separately, over all batches', async () => {
    const batches = [...values('mse', [1, 10, 3, 30], 2), ...values('mse', [5, 50], 2)];
    // Variances of 1, 3, 5 and of 10, 30, 50.
    expect((await constantAnswer(batches, same)).loss).toBeCloseTo((8 / 3 + 800 / 3) / 2, 12);
    const flat = values('mse', [1e6 + 1, 1e6 - 1]);
    expect((await constantAnswer(flat, same)).loss).toBe(1);
  });

  it('is NaN if a target is NaN', async () => {
    expect(await constantAnswer(values('mse', [1, Number.NaN]), same)).toEqual({ loss: Number.NaN });
  });

  it('refuses an empty source', async () => {
    await expect(constantAnswer([], same)).rejects.toThrow(/at least one batch with targets/);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BatchMetrics, meanMetrics } from './meanMetrics.ts';

const same = (batch: BatchMetrics): BatchMetrics => batch;

describe('meanMetrics', () => {
  it('is the mean over all examples, for every split into batches', async () => {
    const losses = fc.array(fc.float({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(losses, fc.nat(6), fc.nat(5), async (all, size, ahead) => {
        const batches = Array.from({ length: Math.ceil(all.length / (size + 1)) }, (_, index) =>
          all.slice(index * (size + 1), (index + 1) * (size + 1)),
        );
        const mean = (values: readonly number[]) =>
          values.reduce((sum, value) => sum + value, 0) / values.length;
        const measured = await meanMetrics(
          batches,
          (batch) => ({
            examples: batch.length,
            loss: mean(batch),
            accuracy: mean(batch.map((loss) => loss / 100)),
          }),
          ahead,
        );
        expect(measured.loss).toBeCloseTo(mean(all), 9);
        expect(measured.accuracy).toBeCloseTo(mean(all) / 100, 9);
      }),
    );
  });

  it('reads promises late, by at most the given number of batches', async () => {
    let [measured, read, most] = [0, 0, 0];
    const measure = (): BatchMetrics => {
      most = Math.max(most, ++measured - read);
      const loss = new Promise<number>((resolve) => setTimeout(() => resolve(1), 1)).finally(() => read++);
      return { examples: 1, loss: loss as Promise<number> };
    };
    await meanMetrics(Array(20).fill(0), measure, 3);
    expect([measured, most]).toEqual([20, 4]);
  });

  it('has an accuracy only if every batch has one', async () => {
    const [a, b] = [
      { examples: 1, loss: 1, accuracy: 1 },
      { examples: 3, loss: 2 },
    ];
    expect(await meanMetrics([a, a], same)).toEqual({ loss: 1, accuracy: 1 });
    expect(await meanMetrics([a, b], same)).toEqual({ loss: 1.75 });
    expect(await meanMetrics([b, a], same)).toEqual({ loss: 1.75 });
  });

  it('weights loss and accuracy separately if a batch says so', async () => {
    const batches = [
      { examples: 4, loss: 1, accuracy: 1, weights: { loss: 1, accuracy: 4 } },
      { examples: 4, loss: 2, accuracy: 0, weights: { loss: 3, accuracy: 1 } },
    ];
    expect(await meanMetrics(batches, same)).toEqual({ loss: 1.75, accuracy: 0.8 });
  });

  it('refuses an empty source, and batches without examples', async () => {
    await expect(meanMetrics([], same)).rejects.toThrow('Expected at least one batch to evaluate on');
    for (const examples of [0, -1, Number.NaN, undefined as never]) {
      await expect(meanMetrics([{ examples, loss: 1 }], same)).rejects.toThrow('examples = ');
    }
  });

  it.each([{ x: 1 }, () => [], undefined, null, 3])(
    'refuses a value that cannot be iterated: %o',
    async (batches) => {
      await expect(meanMetrics(batches as never, same)).rejects.toThrow(
        'Expected batches that can be iterated',
      );
    },
  );

  it('rejects with the first error, after all pending batches have settled', async () => {
    const mine = new Error('mine');
    let settled = false;
    const slow = new Promise<number>((resolve) => setTimeout(() => resolve(1), 5)).finally(() => {
      settled = true;
    });
    const batches = [
      { examples: 1, loss: slow as Promise<number> },
      { examples: 1, loss: Promise.reject(mine) },
    ];
    await expect(meanMetrics(batches, same, 5)).rejects.toBe(mine);
    expect(settled).toBe(true);
    async function* broken() {
      yield { examples: 1, loss: Promise.reject(new Error('late')) };
      throw mine;
    }
    await expect(meanMetrics(broken(), same, 5)).rejects.toBe(mine);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ShareOptions, shareOfEpoch } from './shareOfEpoch.ts';

const options = fc
  .record({
    examples: fc.integer({ min: 1, max: 400 }),
    batch: fc.integer({ min: 1, max: 64 }),
    size: fc.integer({ min: 1, max: 8 }),
    epoch: fc.nat(5),
    seed: fc.nat(9),
  })
  .filter(
    ({ examples, batch, size }) => Math.floor(examples / Math.max(1, Math.round(examples / batch))) >= size,
  );

const sharesOf = (given: Omit<ShareOptions, 'rank'>): number[][][] =>
  Array.from({ length: given.size }, (_, rank) => shareOfEpoch({ ...given, rank }));

describe('shareOfEpoch', () => {
  it('assigns every example to exactly one process, once', () => {
    fc.assert(
      fc.property(options, (given) => {
        const all = sharesOf(given).flat(2);
        expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: given.examples }, (_, i) => i));
      }),
    );
  });

  it('gives every process equally many batches, none of them empty, whose sizes differ by at most two', () => {
    fc.assert(
      fc.property(options, (given) => {
        const shares = sharesOf(given);
        const sizes = shares.flat().map((share) => share.length);
        expect(new Set(shares.map((batches) => batches.length)).size).toBe(1);
        expect(Math.min(...sizes)).toBeGreaterThan(0);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(2);
      }),
    );
  });

  it('divides the batches that a single process would get, and shuffles by epoch and seed', () => {
    const given = { examples: 50, batch: 10, epoch: 3 };
    const whole = shareOfEpoch({ ...given, rank: 0, size: 1 });
    const shares = sharesOf({ ...given, size: 3 });
    expect(whole.map((_, batch) => shares.flatMap((of) => of[batch] as number[]))).toEqual(whole);
    expect(shareOfEpoch({ ...given, rank: 0, size: 1, epoch: 4 })).not.toEqual(whole);
    expect(shareOfEpoch({ ...given, rank: 0, size: 1, seed: 2 })).not.toEqual(whole);
  });

  it.each([
    [{ examples: 0 }, 'examples = 0'],
    [{ batch: 2.5 }, 'batch = 2.5'],
    [{ rank: 4 }, 'rank = 4, size = 4'],
    [{ rank: -1 }, 'rank = -1'],
    [{ batch: 3 }, 'batches of 3 for 4 processes'],
  ])('refuses %j', (wrong, words) => {
    const given = { examples: 30, batch: 8, rank: 0, size: 4, epoch: 0, ...wrong };
    expect(() => shareOfEpoch(given)).toThrow(words);
  });
});

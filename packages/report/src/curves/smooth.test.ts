import { describe, expect, it } from 'vitest';
import { mean, smooth } from './smooth.ts';
import type { Point } from './thin.ts';

/** A curve that falls, then stays at 1 with noise of ±0.5. */
const noisy: Point[] = Array.from({ length: 400 }, (_, i) => [
  i,
  3 * Math.exp(-i / 20) + 1 + (i % 2 ? 0.5 : -0.5),
]);

describe('smooth', () => {
  it('does not end a flat curve in a spike of noise', () => {
    const end = smooth(noisy, 20, mean, true).slice(-12);
    for (const [, y] of end) expect(Math.abs(y! - 1)).toBeLessThan(0.06);
  });

  it('keeps a steep start', () => {
    expect(smooth(noisy, 20, mean, true)[0]).toEqual(noisy[0]);
  });

  it('keeps a steep end if `settles` is not given', () => {
    expect(smooth(noisy, 20).at(-1)).toEqual(noisy.at(-1));
  });
});

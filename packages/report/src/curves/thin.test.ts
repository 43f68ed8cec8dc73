import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mean, median, smooth } from './smooth.ts';
import { type Point, thin } from './thin.ts';

const curve = fc
  .array(fc.option(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { freq: 20 }), { maxLength: 500 })
  .map((values): readonly Point[] => values.map((y, x) => [x, y]));

describe('thin', () => {
  it('keeps the ends, the extremes and the order in few points', () => {
    fc.assert(
      fc.property(curve, fc.integer({ min: 4, max: 60 }), (points, most) => {
        const kept = thin(points, most);
        expect(kept.length).toBeLessThanOrEqual(Math.max(most + 4, 0));
        expect([kept[0], kept.at(-1)]).toEqual([points[0], points.at(-1)]);
        expect(kept).toEqual(points.filter((point) => kept.includes(point)));
      }),
    );
    fc.assert(
      fc.property(curve, fc.integer({ min: 4, max: 60 }), (points, most) => {
        const whole = points.map(([x, y]): Point => [x, (y ?? 0) + 0]); // no −0
        const values = (of: readonly Point[]) => of.map(([, y]) => y!);
        const [kept, all] = [values(thin(whole, most)), values(whole)];
        expect([Math.min(...kept), Math.max(...kept)]).toEqual([Math.min(...all), Math.max(...all)]);
      }),
    );
  });

  it('keeps a gap', () => {
    const points = Array.from({ length: 100 }, (_, x): Point => [x, x === 50 ? null : x]);
    expect(thin(points, 10)).toContainEqual([50, null]);
  });
});

describe('smooth', () => {
  it('takes the median of the existing neighbours', () => {
    const points = [5, 1, 9, 2, null, 3].map((y, x): Point => [x, y]);
    expect(smooth(points, 3).map(([, y]) => y)).toEqual([5, 5, 2, 5.5, null, 3]);
  });

  it('does not change a straight line and ignores a single outlier', () => {
    const line = Array.from({ length: 40 }, (_, x): Point => [x, 2 * x]);
    expect(smooth(line, 9)).toEqual(line);
    const spiked = line.map(([x, y]): Point => [x, x === 20 ? 1e9 : y]);
    expect(Math.max(...smooth(spiked, 9).map(([, y]) => y!))).toBe(78);
  });

  it('takes the mean of the two middle values if the number of values is even', () => {
    expect([median([4, 1]), median([3, 1, 2])]).toEqual([2.5, 2]);
    expect(median([])).toBeNaN();
    expect([mean([4, 1]), mean([])]).toEqual([2.5, Number.NaN]);
  });
});

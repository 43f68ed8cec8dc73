import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataType } from './dataType.ts';
import { narrow, widen } from './half.ts';

const every = Uint16Array.from({ length: 1 << 16 }, (_, i) => i);

describe.each([
  ['float16', DataType.FLOAT16, 11],
  ['bfloat16', DataType.BFLOAT16, 8],
] as const)('%s', (_name, type, digits) => {
  it('converts all 65,536 values to float32 and back without a change', () => {
    const wide = widen(every, type);
    const again = narrow(wide, type);
    const changed = every.filter((bits, i) => again[i] !== bits && !Number.isNaN(wide[i]));
    expect(changed).toHaveLength(0);
    expect(widen(again, type).filter(Number.isNaN)).toHaveLength(wide.filter(Number.isNaN).length);
  });

  it('rounds to the nearest value, ties to even', () => {
    const all = widen(every, type);
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -60000, max: 60000 }), (value) => {
        const [bits = 0] = narrow([value], type);
        const distance = Math.abs((all[bits] as number) - value);
        // Neither neighbour may be nearer. A neighbour at the same distance must be odd.
        for (const other of [bits - 1, bits + 1]) {
          const there = all[other] ?? Number.NaN;
          if (!Number.isFinite(there) || Math.sign(there) !== Math.sign(all[bits] as number)) continue;
          const far = Math.abs(there - value);
          expect(far > distance || (far === distance && bits % 2 === 0)).toBe(true);
        }
        expect(distance).toBeLessThanOrEqual(Math.max(Math.abs(value) * 2 ** -digits, 2 ** -25));
      }),
      { numRuns: 2000, seed: 1506 },
    );
  });

  it('rounds values beyond the largest to infinity', () => {
    const [up, down] = widen(narrow([3.4028e38, -3.4028e38], type), type);
    expect([up, down]).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  });
});

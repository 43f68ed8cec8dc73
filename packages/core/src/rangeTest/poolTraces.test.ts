import { describe, expect, it } from 'vitest';
import { ClrError } from '../errors.ts';
import { analyzeRangeTest } from './analyzeRangeTest.ts';
import { poolTraces } from './poolTraces.ts';
import type { RangeTestTrace } from './trace.ts';

const sweep = (
  points: readonly (readonly [lr: number, loss: number | null])[],
  more = {},
): RangeTestTrace => ({
  version: 1,
  spacing: 'exponential',
  startLr: 1e-3,
  endLr: 1,
  points: points.map(([lr, loss], step) => ({ step, lr, loss })),
  ...more,
});

describe('poolTraces', () => {
  it('sorts the points of all sweeps by rate', () => {
    const pool = poolTraces([
      sweep([
        [0.1, 3],
        [1, 4],
      ]),
      sweep([[0.2, 1]]),
    ]);
    expect(pool.points.map(({ lr }) => lr)).toEqual([0.1, 0.2, 1]);
    expect(pool).toMatchObject({ broken: undefined, afterCoarse: false, diverged: false });
  });

  it('detects divergence by a loss that is not finite, an early stop, or an earlier coarse sweep', () => {
    const good = sweep([[0.1, 1]]);
    expect(
      poolTraces([
        good,
        sweep([
          [1, null],
          [0.5, Number.NaN],
        ]),
      ]).broken!.lr,
    ).toBe(0.5);
    expect(poolTraces([good, { ...good, stopped: { step: 1, reason: 'diverged' } }]).diverged).toBe(true);
    expect(poolTraces({ ...good, stopped: { step: 1, reason: 'aborted' } }).diverged).toBe(false);
    expect(poolTraces([good, { ...good, coarse: [] }])).toMatchObject({ afterCoarse: true, diverged: true });
    // The field name of an older clr.
    expect(poolTraces({ ...good, scout: [] } as RangeTestTrace)).toMatchObject({ afterCoarse: true });
  });

  it.each([
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a promise that was not awaited', Promise.resolve(), 'a promise (is an `await` missing?)'],
    ['the points alone', sweep([[0.1, 1]]).points, 'an array'],
    ['JSON text', '{"points":[]}', '"{"points":[]}"'],
    ['an array with a missing trace', [sweep([]), undefined], 'an array'],
  ])('refuses %s', (_, traces, received) => {
    const analyze = () => analyzeRangeTest(traces as unknown as RangeTestTrace);
    expect(analyze).toThrow(ClrError);
    expect(analyze).toThrow(
      `[clr/core] Expected the trace of a range test, or an array of traces.\nReceived: ${received}\nPass the result of rangeTest().`,
    );
  });

  it.each([-1, 1.5, Number.NaN, 1e9])('refuses %s resamples', (resamples) => {
    expect(() => analyzeRangeTest(sweep([]), { resamples })).toThrow(`resamples = ${resamples}`);
  });
});

it('reads a trace longer than an argument list may be', () => {
  const points = Array.from({ length: 150_000 }, (_, step): [number, number] => {
    const x = -4 + step / 30_000;
    const loss = 2.3 - 1.5 / (1 + Math.exp(-4 * (x + 2))) + 3 / (1 + Math.exp(-10 * (x + 0.2)));
    return [10 ** x, loss + 0.1 * Math.sin(step ** 2)];
  });
  const thin = points.filter((_, step) => step % 750 === 0);
  const [long, short] = [points, thin].map((of) => analyzeRangeTest(sweep(of)));
  expect(Math.log10(long!.edgeLr! / short!.edgeLr!)).toBeCloseTo(0, 1);
  expect(Object.values(long!.rules)).not.toContain(null);
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minimum, slide, steepest, valley } from './rules.ts';

// A line-by-line copy of fastai's rules (`fastai/callback/schedule.py`). Our rules must give the same rates.

type Rates = readonly number[];
const argMin = (values: readonly number[]): number =>
  values.reduce((best, value, i) => (value < values[best]! ? i : best), 0);

/** Compares every pair of losses, as fastai does. */
function valleyOfFastai(lrs: Rates, losses: Rates): number | null {
  let [start, end] = [0, 0];
  const lds = losses.map(() => 1);
  for (let i = 1; i < losses.length; i++) {
    for (let j = 0; j < i; j++) {
      if (losses[i]! < losses[j]! && lds[i]! < lds[j]! + 1) lds[i] = lds[j]! + 1;
      if (lds[end]! < lds[i]!) {
        end = i;
        start = end - lds[end]!;
      }
    }
  }
  const sections = (end - start) / 3;
  const idx = start + Math.trunc(sections) + Math.trunc(sections / 2);
  return lrs[idx] ?? null;
}

function minimumOfFastai(lrs: Rates, losses: Rates): number | null {
  return losses.length > 0 ? lrs[argMin(losses)]! / 10 : null;
}

/** `grads = (losses[1:] - losses[:-1]) / (lrs[1:].log() - lrs[:-1].log())` */
function steepOfFastai(lrs: Rates, losses: Rates): number | null {
  const grads: number[] = [];
  for (let i = 0; i + 1 < losses.length; i++)
    grads.push((losses[i + 1]! - losses[i]!) / (Math.log(lrs[i + 1]!) - Math.log(lrs[i]!)));
  return grads.length > 0 ? lrs[argMin(grads)]! : null;
}

/** In fastai's code, indices count from the end, and `np.gradient` is one-sided at both ends. */
function slideOfFastai(lrs: Rates, losses: Rates): number | null {
  const n = losses.length;
  const grads = losses.map((loss, i) => {
    if (i === 0) return losses[1]! - loss;
    if (i === n - 1) return loss - losses[n - 2]!;
    return (losses[i + 1]! - losses[i - 1]!) / 2;
  });
  let [r, l] = [-1, -16];
  let answer = lrs.at(l) ?? null;
  while (l >= -n && Math.abs(grads.at(r)! - grads.at(l)!) > 0.005) {
    answer = lrs.at(l)!;
    r--;
    l--;
  }
  return answer;
}

const rules = [
  ['valley', valley, valleyOfFastai],
  ['minimum', minimum, minimumOfFastai],
  ['steepest', steepest, steepOfFastai],
  ['slide', slide, slideOfFastai],
] as const;

const curves: Readonly<Record<string, fc.Arbitrary<number[]>>> = {
  'few values and many ties': fc.array(fc.integer({ min: -4, max: 4 }), { maxLength: 80 }),
  'any losses': fc.array(fc.double({ noNaN: true, min: -1e3, max: 1e3 }), { maxLength: 80 }),
  'a fall with noise': fc
    .array(fc.double({ noNaN: true, min: 0, max: 1 }), { minLength: 20, maxLength: 200 })
    .map((noise) => noise.map((value, i) => value - i / 50)),
  'a smooth curve': fc
    .tuple(fc.integer({ min: 16, max: 100 }), fc.double({ noNaN: true, min: 0, max: 0.02 }))
    .map(([n, bend]) => Array.from({ length: n }, (_, i) => bend * (i - n / 2) ** 2 * 0.01)),
};

describe.each(rules)('%s gives the same rate as fastai', (_, ours, fastai) => {
  it.each(Object.entries(curves))('on %s', (_, losses) => {
    fc.assert(
      fc.property(losses, (values) => {
        const lrs = values.map((_, i) => 1e-6 * 1.2 ** i);
        expect(ours(lrs, values)).toBe(fastai(lrs, values));
      }),
      { numRuns: 1000 },
    );
  });

  it('on a single loss, a rise and a flat curve', () => {
    for (const losses of [
      [1],
      [1, 2, 3],
      Array.from({ length: 40 }, () => 5),
      Array.from({ length: 40 }, (_, i) => i),
    ]) {
      const lrs = losses.map((_, i) => i + 1);
      expect(ours(lrs, losses)).toBe(fastai(lrs, losses));
    }
  });
});

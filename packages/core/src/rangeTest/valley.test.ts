import fc from 'fast-check';
import { expect, it } from 'vitest';
import { valley } from './rules.ts';

/** fastai's own form, `fastai/callback/schedule.py`: every pair of losses is compared. */
function valleyOfFastai(lrs: readonly number[], losses: readonly number[]): number | null {
  const n = losses.length;
  let [start, end] = [0, 0];
  const lds = losses.map(() => 1);
  for (let i = 1; i < n; i++) {
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

const answers = (losses: readonly number[]) => {
  const lrs = losses.map((_, i) => i);
  return [valley(lrs, losses), valleyOfFastai(lrs, losses)];
};

it.each([
  ['few values and many ties', fc.array(fc.integer({ min: -4, max: 4 }), { maxLength: 80 })],
  ['any losses', fc.array(fc.double({ noNaN: true, min: -1e3, max: 1e3 }), { maxLength: 80 })],
  [
    'a fall with noise',
    fc
      .array(fc.double({ noNaN: true, min: 0, max: 1 }), { minLength: 20, maxLength: 200 })
      .map((noise) => noise.map((value, i) => value - i / 50)),
  ],
])("the valley is fastai's on %s", (_, losses) => {
  fc.assert(
    fc.property(losses, (values) => {
      const [ours, fastai] = answers(values);
      expect(ours).toBe(fastai);
    }),
    { numRuns: 2000 },
  );
});

it('the valley needs one loss to answer, and has none in a rise', () => {
  expect(answers([1])).toEqual([0, 0]);
  expect(answers([1, 2, 3])).toEqual([0, 0]);
  expect(answers([5, 5, 5])).toEqual([0, 0]);
});

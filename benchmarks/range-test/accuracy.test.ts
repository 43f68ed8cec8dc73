import { expect, it } from 'vitest';
import { type Read, readAccuracies } from './accuracy.ts';
import { readTruths } from './store.ts';
import { verdictOf } from './truth.ts';

/** The sweeps of a third of the settings, to save time. `accuracy.ts` reads those of all settings. */
const reads: readonly Read[] = (
  await Promise.all(
    readTruths()
      .filter((_, i) => i % 3 === 0)
      .map(async (truth) => [...(await readAccuracies(truth)).values()].flat()),
  )
).flat();
const good = reads.filter(({ randomLabels, byLoss }) => !randomLabels && byLoss.suggestion);

it('analyzeRangeTest finds the fall of the accuracy near the loss edge in most real sweeps', () => {
  const shifts = good.flatMap(({ byLoss: { accuracy, edgeLr } }) =>
    accuracy?.fallsLr ? Math.abs(Math.log10(accuracy.fallsLr / edgeLr!)) : [],
  );
  expect(shifts.length / good.length).toBeGreaterThan(0.6);
  expect(shifts.filter((shift) => shift < 0.3).length / shifts.length).toBeGreaterThan(0.9);
});

it('analyzeRangeTest reads no rates from the accuracy of sweeps on random labels', () => {
  const random = reads.filter(({ randomLabels }) => randomLabels);
  expect(random.length).toBeGreaterThan(5);
  for (const { byLoss, byAccuracy } of random) {
    expect(byLoss.accuracy).toBeUndefined();
    expect(byAccuracy.suggestion).toBeNull();
  }
});

it('analyzeRangeTest gets stable rates from accuracies alone, mostly within a factor of 2 of those from losses', () => {
  const answered = good.filter(({ byAccuracy }) => byAccuracy.suggestion);
  expect(answered.length / good.length).toBeGreaterThan(0.8);
  const near = answered.filter(
    ({ byLoss, byAccuracy }) =>
      Math.abs(Math.log10(byAccuracy.suggestion!.maxLr / byLoss.suggestion!.maxLr)) < 0.3,
  );
  expect(near.length / answered.length).toBeGreaterThan(0.9);
  const stable = answered.filter(
    ({ truth, byAccuracy }) => byAccuracy.suggestion!.maxLr <= verdictOf(truth).largestStable * 1.0001,
  );
  expect(stable.length / answered.length).toBeGreaterThan(0.97);
});

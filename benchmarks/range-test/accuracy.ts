/**
 * Compares what the accuracies of the stored sweeps say with what their losses say.
 *
 * npx tsx range-test/accuracy.ts
 */
import { analyzeRangeTest, type RangeTestFinding, type RangeTestTrace } from '@clr/core';
import { replay, replayAdaptive } from './replay.ts';
import { readAdaptive, readSweeps, readTruths, type Truth } from './store.ts';
import { verdictOf } from './truth.ts';

/** Two findings of one sweep: from its losses, and from its accuracies alone. */
export interface Read {
  readonly truth: Truth;
  readonly randomLabels: boolean;
  readonly byLoss: RangeTestFinding;
  readonly byAccuracy: RangeTestFinding;
}

/** Analyses all sweeps of a setting, and groups them by their kind. */
export async function readAccuracies(truth: Truth): Promise<Map<string, Read[]>> {
  const reads = new Map<string, Read[]>();
  const add = (kind: string, trace: RangeTestTrace, randomLabels = false) => {
    const points = trace.points.map((point) => ({ ...point, loss: null }));
    const [byLoss, byAccuracy] = [trace, { ...trace, points }].map((one) =>
      analyzeRangeTest(one, { resamples: 0 }),
    );
    const read = { truth, randomLabels, byLoss: byLoss!, byAccuracy: byAccuracy! };
    reads.set(kind, [...(reads.get(kind) ?? []), read]);
  };
  for (const one of readSweeps(truth.setting)) {
    const { sweep, randomLabels } = one;
    if (sweep === 'clr-200' || sweep === 'clr-400')
      add(`one sweep of ${sweep.slice(4)}`, await replay(one), randomLabels);
  }
  for (const one of readAdaptive(truth.setting))
    add(`${one.steps} steps, rates not given`, await replayAdaptive(one), one.randomLabels);
  return reads;
}

const middle = (values: readonly number[], share: number): string => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))]?.toFixed(2) ?? '–';
};
const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(0)} %`;

if (process.argv[1] === import.meta.filename) {
  const all = new Map<string, Read[]>();
  for (const truth of readTruths())
    for (const [kind, reads] of await readAccuracies(truth))
      all.set(kind, [...(all.get(kind) ?? []), ...reads]);
  for (const [kind, reads] of all) {
    const good = reads.filter(({ randomLabels, byLoss }) => !randomLabels && byLoss.suggestion);
    const shifts = good.flatMap(({ byLoss, byAccuracy }) =>
      byAccuracy.accuracy?.fallsLr ? Math.log10(byAccuracy.accuracy.fallsLr / byLoss.edgeLr!) : [],
    );
    const answered = good.filter(({ byAccuracy }) => byAccuracy.suggestion);
    const ratios = answered.map(({ byLoss, byAccuracy }) =>
      Math.log10(byAccuracy.suggestion!.maxLr / byLoss.suggestion!.maxLr),
    );
    const stable = answered.filter(
      ({ truth, byAccuracy }) => byAccuracy.suggestion!.maxLr <= verdictOf(truth).largestStable * 1.0001,
    );
    const random = reads.filter(({ randomLabels }) => randomLabels);
    console.log(`${kind}: ${good.length} good sweeps`);
    console.log(
      `  accuracy curve analysed in ${percent(good.filter(({ byLoss }) => byLoss.accuracy).length, good.length)}`,
    );
    console.log(
      `  accuracy falls above the loss edge by, in decades (5, 50, 95 %): ${[0.05, 0.5, 0.95].map((q) => middle(shifts, q)).join(', ')}`,
    );
    console.log(
      `  from accuracies alone: suggestion in ${percent(answered.length, good.length)}, stable ${percent(stable.length, answered.length)}`,
    );
    console.log(
      `  their maxLr above that from losses by, in decades (5, 50, 95 %): ${[0.05, 0.5, 0.95].map((q) => middle(ratios, q)).join(', ')}`,
    );
    if (random.length > 0)
      console.log(
        `  random labels: accuracy curve analysed in ${random.filter(({ byLoss }) => byLoss.accuracy).length} of ${random.length}`,
      );
  }
}

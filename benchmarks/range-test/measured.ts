import type { Job, TrialResult } from '@clr/sweep';
import { edgeOf } from './edge.ts';
import { type FixedRun, fixedRun } from './fixedRun.ts';
import { fixedJob, sweepJob } from './jobs.ts';
import { randomLabelled, type Setting, seeds } from './settings.ts';
import type { StoredSweep } from './store.ts';
import { linearSweep, rounded, type Sweep, sweeps } from './sweeps.ts';

/** The results of a setting so far, and its next jobs. */
export interface Measured {
  readonly sweeps: readonly StoredSweep[];
  readonly fixed: readonly (FixedRun & { readonly seed: number })[];
  /** The next jobs. Empty when everything is measured. */
  readonly missing: readonly Job[];
}

/** Results that were read before. The files are long, so each is read once. */
export type Known = Map<string, StoredSweep | FixedRun>;

const gridSize = 12;

/** Reads the results of a setting so far and determines the next jobs. Later rates depend on earlier results. */
export function measured(
  setting: Setting,
  resultOf: (id: string) => TrialResult | undefined,
  known: Known = new Map(),
): Measured {
  const missing: Job[] = [];
  const read = <T extends StoredSweep | FixedRun>(
    { id }: Job,
    of: (result: TrialResult) => T,
  ): T | undefined => {
    const result = known.has(id) ? undefined : resultOf(id);
    if (result) known.set(id, of(result));
    return known.get(id) as T | undefined;
  };
  const stored: StoredSweep[] = [];
  const sweep = (seed: number, plan: Sweep, order: number, randomLabels = false): void => {
    const job = sweepJob(setting, seed, plan, order, randomLabels);
    const record = read(job, (result) => storedSweep(result, plan, order, randomLabels));
    if (record) stored.push(record);
    else missing.push(job);
  };
  for (const seed of seeds) {
    for (const plan of Object.values(sweeps)) sweep(seed, plan, 100 * seed);
    for (const order of [1, 2]) sweep(seed, sweeps['clr-200'], 100 * seed + order);
    if (randomLabelled.has(setting.name)) sweep(seed, sweeps['clr-200'], 100 * seed, true);
  }
  if (missing.length > 0) return { sweeps: stored, fixed: [], missing };
  const edges = seeds.map((seed) => {
    const isIts = (one: StoredSweep) => one.seed === seed && one.sweep === 'clr-200' && !one.randomLabels;
    return edgeOf(sweeps['clr-200'], stored.find(isIts)!);
  });
  for (const [at, seed] of seeds.entries()) sweep(seed, linearSweep(edges[at]!), 100 * seed);

  const fixed: (FixedRun & { readonly seed: number })[] = [];
  const accuracies = new Map<number, number>();
  /** Reads the runs at a rate. Returns false if one is missing. */
  const at = (power: number): boolean => {
    const jobs = seeds.map((seed) => fixedJob(setting, seed, power));
    const found = jobs.flatMap((job) => {
      const run = read(job, (result) => fixedRun(result.run!, setting.budget));
      if (!run) missing.push(job);
      return run ? { seed: job.seed, ...run } : [];
    });
    if (found.length < seeds.length) return false;
    fixed.push(...found);
    accuracies.set(power, found.reduce((sum, { accuracy }) => sum + accuracy, 0) / found.length);
    return true;
  };
  const powers = (): number[] => [...accuracies.keys()].sort((a, b) => a - b);
  const best = (): number => powers().reduce((a, b) => (accuracies.get(b)! > accuracies.get(a)! ? b : a));
  // True if lower rates need not be tried, because the two lowest so far are far less accurate than the best.
  const useless = (): boolean =>
    powers().length > 8 &&
    powers()
      .slice(0, 2)
      .every((power) => accuracies.get(power)! < accuracies.get(best())! - 0.08);
  const grid = (): boolean => {
    const top = Math.ceil(Math.log2(Math.max(...edges))) + 1;
    for (let power = top; power > top - gridSize && !useless(); power--) if (!at(power)) return false;
    // The best rate must lie inside the grid, and the largest rate must not be stable.
    for (let i = 0; i < 4 && best() <= powers()[1]!; i++) if (!at(powers()[0]! - 1)) return false;
    for (let i = 0; i < 4; i++) {
      const last = powers().at(-1)!;
      if (fixed.some((run) => run.lr === 2 ** last && !run.stable)) return true;
      if (!at(last + 1)) return false;
    }
    return true;
  };
  grid();
  return { sweeps: stored, fixed, missing };
}

/** A sweep to its end, or to its first loss that is not finite. */
function storedSweep(
  { job, run }: TrialResult,
  plan: Sweep,
  order: number,
  randomLabels: boolean,
): StoredSweep {
  const { steps, stopped } = run!;
  // A run that ends because of NaN in its state has no loss that shows this, so add a loss that is not finite.
  const unseen = stopped?.reason === 'diverged' && steps.at(-1)!.loss !== null ? [null] : [];
  const { name, spacing, endLr } = plan;
  return {
    ...{ seed: job.seed, sweep: name, order },
    ...(spacing === 'linear' && { endLr }),
    ...(randomLabels && { randomLabels }),
    loss: [...steps.map(({ loss }) => loss && rounded(loss)), ...unseen],
    accuracy: [...steps.map(({ accuracy }) => rounded(accuracy ?? Number.NaN)), ...unseen],
  };
}

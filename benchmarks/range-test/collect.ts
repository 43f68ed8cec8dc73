/**
 * Converts the results of `measure.ts` to the stored sweeps and the stored results of fixed rates.
 *
 * npx tsx range-test/collect.ts
 */
import type { Outcome } from './fixedRun.ts';
import { type Measured, measured } from './measured.ts';
import { readResult } from './results.ts';
import { seeds, settings } from './settings.ts';
import { type OutcomesOfSeeds, type StoredSweep, type StoredTruth, writeStore } from './store.ts';

const truths: StoredTruth[] = [];
const sweepsOf = new Map<string, readonly StoredSweep[]>();
for (const setting of settings) {
  const { name, heldOut, budget } = setting;
  const { sweeps, fixed } = measured(setting, readResult);
  if (sweeps.length > 0) sweepsOf.set(name, sweeps);
  const grid = toGrid(fixed);
  if (grid.length > 0) truths.push({ setting: name, heldOut, budget, grid });
  console.log(`${name}: ${sweeps.length} sweeps, ${grid.length} rates`);
}
writeStore(truths, sweepsOf);

function toGrid(runs: Measured['fixed']): StoredTruth['grid'] {
  const lrs = [...new Set(runs.map(({ lr }) => lr))].sort((a, b) => a - b);
  return lrs.map((lr) => {
    const here = seeds.map((seed) => runs.find((run) => run.lr === lr && run.seed === seed)!);
    return { lr, ...seedBySeed(here), quarter: seedBySeed(here.map(({ quarter }) => quarter)) };
  });
}

function seedBySeed(outcomes: readonly Outcome[]): OutcomesOfSeeds {
  return {
    stable: outcomes.map(({ stable }) => stable),
    accuracy: outcomes.map(({ accuracy }) => accuracy),
  };
}

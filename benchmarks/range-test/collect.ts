/** Turns the lines of `measure.ts` into the traces and the truth that are kept. npx tsx range-test/collect.ts */
import type { Outcome } from './fixedRun.ts';
import { type Result, readResults } from './measure.ts';
import { seeds, settings } from './settings.ts';
import { type OutcomesOfSeeds, type StoredSweep, type StoredTruth, writeStore } from './store.ts';

const results = readResults();
const truths: StoredTruth[] = [];
const sweepsOf = new Map<string, StoredSweep[]>();
for (const { name, heldOut, budget } of settings) {
  const own = results.filter(({ setting }) => setting === name);
  const sweeps = own.flatMap((one) => (one.kind === 'fixed' ? [] : [toSweep(one)]));
  if (sweeps.length > 0) sweepsOf.set(name, sweeps);
  const grid = toGrid(own);
  if (grid.length > 0) truths.push({ setting: name, heldOut, budget, grid });
  console.log(`${name}: ${sweeps.length} sweeps, ${grid.length} rates`);
}
writeStore(truths, sweepsOf);

function toSweep(result: Exclude<Result, { kind: 'fixed' }>): StoredSweep {
  const { kind, setting: _, ...record } = result;
  return kind === 'random-labels' ? { ...record, randomLabels: true } : record;
}

function toGrid(own: readonly Result[]): StoredTruth['grid'] {
  const runs = own.flatMap((one) => (one.kind === 'fixed' ? [one] : []));
  const lrs = [...new Set(runs.map(({ lr }) => lr))].sort((a, b) => a - b);
  return lrs.flatMap((lr) => {
    const here = seeds.flatMap((seed) => runs.find((run) => run.lr === lr && run.seed === seed) ?? []);
    if (here.length < seeds.length) return [];
    return { lr, ...seedBySeed(here), quarter: seedBySeed(here.map(({ quarter }) => quarter)) };
  });
}

function seedBySeed(outcomes: readonly Outcome[]): OutcomesOfSeeds {
  return {
    stable: outcomes.map(({ stable }) => stable),
    accuracy: outcomes.map(({ accuracy }) => accuracy),
  };
}

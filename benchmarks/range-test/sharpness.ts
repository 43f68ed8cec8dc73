/**
 * Compares the loss edge with the edge that the batch sharpness predicts. Runs range tests on development settings and
 * prints edge · S / 2. S is the mean batch sharpness, taken in three states: before any step, during the range test,
 * and after 150 steps at a quarter of the edge. For plain SGD, edge · S / 2 should be 1. With momentum 0.9 it should
 * lie between 0.1 (small batches) and 1.9 (large batches), and for Adam between 1 and 19.
 *
 * npx tsx range-test/sharpness.ts [--only name] [--seeds 2]
 */
import { parseArgs } from 'node:util';
import { analyzeRangeTest, batchSharpness, rangeTest, updateKindOf } from '@clr/core';
import { type Setting, settings } from './settings.ts';
import { createTask } from './task.ts';

/** Core reads the sharpness at rates from edge / `near` up to the edge: `sharpnessWindow.near` of its calibration. */
const near = 4;

const places = ['start', 'sweep', 'trained'] as const;
type Place = (typeof places)[number];

interface Row extends Readonly<Record<Place, number>> {
  readonly kind: string;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Measures one seed of a setting. Returns `undefined` if the range test is refused. */
async function measure(setting: Setting, seed: number): Promise<Row | undefined> {
  const { trainer, batches } = await createTask(setting, seed);
  try {
    const start = await batchSharpness(trainer, batches(100 * seed + 50));
    const trace = await rangeTest(trainer, () => batches(100 * seed), { steps: 200 });
    const { edgeLr: edge } = analyzeRangeTest(trace);
    if (edge === null) return undefined;
    const close = (trace.sharpness ?? []).filter(({ lr }) => lr <= edge && lr >= edge / near);
    const source = batches(100 * seed + 70);
    for (let step = 0; step < 150; step++) await trainer.trainStep(source.next().value, { lr: edge / 4 });
    const trained = await batchSharpness(trainer, source);
    const share = (sharpness: number): number => (edge * sharpness) / 2;
    return {
      kind: updateKindOf(setting.optimizer),
      start: share(start.mean),
      sweep: share(mean(close.map(({ sharpness }) => sharpness ?? Number.NaN))),
      trained: share(trained.mean),
    };
  } finally {
    await trainer.dispose();
  }
}

/** The median and the spread (one standard deviation, in decades) of the positive values. */
function summary(values: readonly number[]): string {
  const logs = values.filter((value) => value > 0).map(Math.log10);
  const middle = [...logs].sort((a, b) => a - b)[logs.length >> 1]!;
  const spread = Math.sqrt(mean(logs.map((log) => (log - mean(logs)) ** 2)));
  return `${(10 ** middle).toFixed(2)} (${spread.toFixed(2)}; ${logs.length} of ${values.length})`;
}

const { values } = parseArgs({ options: { only: { type: 'string' }, seeds: { type: 'string' } } });
const rows: Row[] = [];
console.log(
  '| setting, seed | before any step | during the range test | after 150 steps |\n|---|---|---|---|',
);
for (const setting of settings.filter(({ heldOut }) => !heldOut)) {
  if (!setting.name.includes(values.only ?? '')) continue;
  for (let seed = 1; seed <= Number(values.seeds ?? 2); seed++) {
    const row = await measure(setting, seed);
    if (row) rows.push(row);
    const shown = row ? places.map((place) => row[place].toFixed(2)).join(' | ') : 'refused | |';
    console.log(`| ${setting.name}, ${seed} | ${shown} |`);
  }
}
for (const kind of ['sgd', 'momentum', 'adaptive'] as const) {
  const these = rows.filter((row) => row.kind === kind);
  if (these.length > 0)
    console.log(
      `| **${kind}**: median (spread in decades; count) | ${places.map((place) => summary(these.map((row) => row[place]))).join(' | ')} |`,
    );
}

/**
 * Trains what the scores stand on: the sweeps of every library and a grid of fixed rates, for every setting and seed. Each is
 * a job of @clr/sweep with its result in .cache/range-test/jobs, so that the same command goes on after Ctrl-C or a
 * crash; `collect.ts` turns the results into what is kept.
 *
 * npx tsx range-test/measure.ts [--workers 2] [--only name]
 */
import { parseArgs } from 'node:util';
import { type Known, measured } from './measured.ts';
import { readResult } from './results.ts';
import { runJobs } from './runJobs.ts';
import { settings } from './settings.ts';

/** The cheap nets first: whatever is done by a certain time is most of it. */
const byCost = [
  'tabular-mlp',
  'tabular-tanh',
  'deep',
  'mnist-mlp',
  'layer-norm',
  'transformer',
  'attention',
  'signal',
  'lenet',
  'batch-norm',
  'quick',
  'resnet',
  'mobile',
];

const { values } = parseArgs({ options: { workers: { type: 'string' }, only: { type: 'string' } } });
const wanted = settings
  .filter(({ name }) => name.includes(values.only ?? ''))
  .sort((a, b) => byCost.indexOf(a.net) - byCost.indexOf(b.net));
const known: Known = new Map();
for (;;) {
  // Of each setting all jobs whose rates are known by now.
  const jobs = wanted.flatMap((setting) => measured(setting, readResult, known).missing);
  if (jobs.length === 0) break;
  await runJobs(jobs, values.workers);
}

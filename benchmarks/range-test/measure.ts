/**
 * Trains the runs behind the scores: the sweeps of every library and a grid of fixed rates, for every setting and seed.
 * Each is a job of @clr/sweep with its result in .cache/range-test/jobs, so that the same command continues after
 * Ctrl-C or a crash. `collect.ts` converts the results to the stored files.
 *
 * npx tsx range-test/measure.ts [--workers 2] [--only name]
 */
import { parseArgs } from 'node:util';
import { type Known, measured } from './measured.ts';
import { readResult } from './results.ts';
import { runJobs } from './runJobs.ts';
import { settings } from './settings.ts';

/** Cheap nets come first, so that most settings are done early. */
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
  // All jobs of each setting whose rates are known so far.
  const jobs = wanted.flatMap((setting) => measured(setting, readResult, known).missing);
  if (jobs.length === 0) break;
  await runJobs(jobs, values.workers);
}

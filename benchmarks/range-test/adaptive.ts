/**
 * Runs core's range test without given rates for every setting and seed, as jobs of @clr/sweep. Stores the traces in
 * traces/adaptive/<setting>.json and skips settings that have one.
 *
 * npx tsx range-test/adaptive.ts [--workers 2] [--only name]
 */
import { parseArgs } from 'node:util';
import { adaptiveJob } from './jobs.ts';
import { readResult } from './results.ts';
import { runJobs } from './runJobs.ts';
import { randomLabelled, type Setting, seeds, settings } from './settings.ts';
import { pack, readAdaptive, type StoredAdaptive, writeAdaptive } from './store.ts';

/** The range tests of a setting, in stored order. */
const testsOf = (setting: Setting) =>
  (randomLabelled.has(setting.name) ? [false, true] : [false]).flatMap((randomLabels) =>
    seeds.flatMap((seed) => [200, 400].map((steps) => ({ seed, steps, randomLabels }))),
  );

const { values } = parseArgs({ options: { workers: { type: 'string' }, only: { type: 'string' } } });
const wanted = settings.filter(
  ({ name }) => name.includes(values.only ?? '') && readAdaptive(name).length === 0,
);
const jobs = wanted.flatMap((setting) => testsOf(setting).map((test) => adaptiveJob(setting, test)));
if (jobs.length > 0) await runJobs(jobs, values.workers);
for (const setting of wanted) {
  const stored = testsOf(setting).map(({ seed, steps, randomLabels }): StoredAdaptive => {
    const { trace } = readResult(adaptiveJob(setting, { seed, steps, randomLabels }).id)!;
    return { seed, steps, ...(randomLabels && { randomLabels }), ...pack(trace!) };
  });
  writeAdaptive(setting.name, stored);
}

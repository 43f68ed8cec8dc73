import { adam, analyzeRangeTest, sgd } from '@clr/core';
import { open } from '@clr/datasets/softmaxJobs';
import { renderReport } from '@clr/report';
import { expect, it } from 'vitest';
import { jobOf, tasks } from '../test/jobs.ts';
import { collect } from './collect.ts';
import type { Job } from './job.ts';
import { runTrial } from './runTrial.ts';

const run = async (job: Job) => (await runTrial(job, { open }))!;

it('pools range tests that differ only in their seeds, and gives the curves for a report', async () => {
  const jobs = [
    ...[1, 2, 3].map((seed) => jobOf(tasks.rangeTest, seed)),
    ...[1, 2].map((seed) => jobOf({ ...tasks.rangeTest, steps: 150 }, seed)),
    jobOf(tasks.fixed),
    jobOf(tasks.autoClr),
  ];
  const results = await Promise.all(jobs.map(run));
  const { rows, rangeTests, runs } = collect(results, { steps: 100 });
  expect(rangeTests.map(({ ids }) => ids.length)).toEqual([3, 2]);
  const traces = results.slice(0, 3).map(({ trace }) => trace!);
  expect(rangeTests[0]!.finding).toEqual(analyzeRangeTest(traces, { steps: 100 }));
  expect(rows.map(({ label }) => label)).toEqual([
    ...[1, 2, 3].map((seed) => `rangeTest steps 120, seed ${seed}`),
    ...[1, 2].map((seed) => `rangeTest steps 150, seed ${seed}`),
    'fixed, seed 1',
    'autoClr, seed 1',
  ]);
  const fixed = results[5]!.run!;
  expect(rows[5]).toMatchObject({
    lr: 0.05,
    steps: 40,
    loss: fixed.final!.loss,
    accuracy: fixed.final!.accuracy,
  });
  expect(rows[6]!.loss).toBe(results[6]!.autoClr!.best!.loss);
  expect(runs.map(({ name }) => name)).toEqual([rows[5]!.label, rows[6]!.label]);
  const { traces: trace, finding } = rangeTests[0]!;
  expect(renderReport({ rangeTest: { trace, finding }, runs })).toContain('fixed, seed 1');
});

it('labels jobs by what differs between them, or else by their ids, and refuses a duplicate result', async () => {
  const labelsOf = async (of: (at: number) => Partial<Job>, task: Job['task'] = tasks.fixed) => {
    const results = await Promise.all([1, 2].map((at) => run({ ...jobOf(task), id: `w${at}`, ...of(at) })));
    return collect(results).rows.map(({ label }) => label);
  };
  expect(await labelsOf((width) => ({ model: { name: 'net', width } }))).toEqual([
    'fixed, width 1',
    'fixed, width 2',
  ]);
  expect(await labelsOf((at) => ({ optimizer: [sgd(), adam()][at - 1]! }))).toEqual([
    'fixed, sgd',
    'fixed, adam',
  ]);
  const { policy, ...rest } = tasks.policy;
  const rates = (at: number) => ({ task: { ...rest, policy: { ...policy, maxLr: at / 10 } } as Job['task'] });
  expect(await labelsOf(rates)).toEqual(['policy maxLr 0.1', 'policy maxLr 0.2']);
  expect(await labelsOf((at) => ({ model: 'x'.repeat(80) + at }))).toEqual(
    [1, 2].map((at) => `fixed, ${'x'.repeat(60)} (w${at})`),
  );
  const results = [await run(jobOf(tasks.fixed))];
  expect(() => collect([results[0]!, results[0]!])).toThrow('two results with the same id');
  expect(() => collect([])).toThrow('results to collect');
  // runTrial returns undefined for a stopped job.
  expect(() => collect([results[0]!, undefined as never])).toThrow('results[1] = undefined');
});

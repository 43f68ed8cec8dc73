import { rangeTest } from '@clr/core';
import { runTrial, type TrialCheckpoint } from '@clr/sweep';
import { expect, it } from 'vitest';
import { fixedRun } from './fixedRun.ts';
import { adaptiveJob, fixedJob, sweepJob } from './jobs.ts';
import { measured } from './measured.ts';
import { open } from './open.ts';
import { settings } from './settings.ts';
import { readSweeps } from './store.ts';
import { sweeps } from './sweeps.ts';
import { createTask } from './task.ts';

const setting = settings.find(({ name }) => name === 'tabular-mlp-sgd-32')!;

it('the job of a stored sweep reproduces this sweep', async () => {
  const { run } = (await runTrial(sweepJob(setting, 1, sweeps['clr-200'], 100), { open }))!;
  const stored = readSweeps(setting.name).find(
    ({ sweep, seed, order }) => sweep === 'clr-200' && seed === 1 && order === 100,
  )!;
  expect(run!.steps).toHaveLength(stored.loss.length);
  // Later steps, at high rates, differ between types of processors.
  for (const [step, { loss, lr }] of run!.steps.slice(0, 150).entries()) {
    expect(lr).toBe(sweeps['clr-200'].lr(step));
    expect(loss).toBeCloseTo(stored.loss[step]!, 3);
  }
});

it('the job of a range test gives the same trace as a call of rangeTest', async () => {
  const job = adaptiveJob(setting, { seed: 1, steps: 200, randomLabels: false });
  const { trainer, batches } = await createTask(setting, 1, { deterministic: true });
  const trace = await rangeTest(trainer, () => batches(100), { steps: 200 });
  expect((await runTrial(job, { open }))!.trace).toEqual(trace);
  await trainer.dispose();
});

it('the job of a hopeless run ends after a quarter of its steps, also after a resume', async () => {
  const job = fixedJob(setting, 1, 4);
  const saved: TrialCheckpoint[] = [];
  const whole = await runTrial(job, { open, save: (checkpoint) => void saved.push(checkpoint) });
  const run = fixedRun(whole!.run!, setting.budget);
  expect(run).toMatchObject({ lr: 16, stable: false, quarter: { stable: false } });
  expect(run.quarter.tail).toBeGreaterThan(1.3 * run.initial);
  const from = saved.find(({ step }) => step === 800)!;
  expect(JSON.stringify(await runTrial(job, { open, from }))).toBe(JSON.stringify(whole));
});

it('measured() lists all sweeps of a setting as the first jobs', () => {
  const { missing, sweeps: stored, fixed } = measured(setting, () => undefined);
  expect([stored, fixed]).toEqual([[], []]);
  // Six sweeps of libraries, two more batch orders and one with random labels, for each of three seeds.
  expect(missing).toHaveLength(3 * (6 + 2 + 1));
});

import { constant, sequence, table } from '@clr/core';
import { type Job, parseJob } from '@clr/sweep';
import type { DataName } from './data.ts';
import { looksAt } from './fixedRun.ts';
import type { Setting } from './settings.ts';
import type { Sweep } from './sweeps.ts';

/** The data of a job. */
export interface JobData {
  readonly name: DataName;
  readonly batch: number;
  /** The seed of the batches' order. */
  readonly order: number;
  /** True if the examples get random labels. */
  readonly randomLabels: boolean;
  /**
   * True for runs at a fixed rate: the run ends when it is hopeless, and its accuracy on the validation data is
   * measured.
   */
  readonly judged: boolean;
}

/** One sweep of a library: a training run whose policy is a table of the sweep's rates. */
export function sweepJob(
  setting: Setting,
  seed: number,
  sweep: Sweep,
  order: number,
  randomLabels = false,
): Job {
  const { name, steps } = sweep;
  const values = Array.from({ length: steps }, (_, step) => sweep.lr(step));
  return parseJob({
    id: `${setting.name}.seed${seed}.${name}.order${order}${randomLabels ? '.random' : ''}`,
    ...what(setting, { order, randomLabels, judged: false }),
    seed,
    task: { type: 'policy', policy: table({ values }), steps },
  });
}

/** A training run at one rate for the whole budget. Its accuracy is evaluated at the end of each stage. */
export function fixedJob(setting: Setting, seed: number, power: number): Job {
  const { budget: steps } = setting;
  const ends = [...looksAt(Math.round(steps / 4)), Math.round(steps / 2), ...looksAt(steps)];
  const stages = ends.map((end, at) => ({
    policy: constant({ lr: 2 ** power }),
    steps: end - (ends[at - 1] ?? 0),
  }));
  return parseJob({
    id: `${setting.name}.seed${seed}.fixed${power}`,
    ...what(setting, { order: 100 * seed + 50, randomLabels: false, judged: true }),
    seed,
    task: { type: 'policy', policy: sequence(stages), steps },
  });
}

/** Core's range test without given rates. */
export function adaptiveJob(
  setting: Setting,
  {
    seed,
    steps,
    randomLabels,
  }: { readonly seed: number; readonly steps: number; readonly randomLabels: boolean },
): Job {
  return parseJob({
    id: `${setting.name}.seed${seed}.adaptive${steps}${randomLabels ? '.random' : ''}`,
    ...what(setting, { order: 100 * seed, randomLabels, judged: false }),
    seed,
    task: { type: 'rangeTest', steps },
  });
}

function what({ net, data, batch, optimizer }: Setting, more: Omit<JobData, 'name' | 'batch'>) {
  return { model: net, data: { name: data, batch, ...more }, optimizer };
}

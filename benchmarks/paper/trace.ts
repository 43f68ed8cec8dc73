import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import {
  type Policy,
  type RangeTestFinding,
  type RangeTestTrace,
  type TrainingRun,
  toSchedule,
} from '@clr/core';
import { experimentNamed } from './experiments.ts';

/** The results on the test set at a step. */
export interface Look {
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** The record of one run in `traces/`. */
export interface Trace {
  readonly experiment: string;
  readonly seed: number;
  /** The training losses, as means of {@link blockSteps} steps each. A mean is `null` if a loss was not finite. */
  readonly losses: readonly (number | null)[];
  readonly looks: readonly Look[];
  readonly seconds: number;
  readonly processor: string;
  /** The result of `autoClr`, if it chose the policy. The losses above are then those after the range test. */
  readonly auto?: {
    readonly policy: Policy;
    readonly testSteps: number;
    readonly suggestion: RangeTestFinding['suggestion'];
    readonly reasons: readonly string[];
  };
}

/** The number of steps whose training losses are stored as one mean. */
export const blockSteps = 50;

const folder = new URL('./traces/', import.meta.url);
const fileOf = (experiment: string, seed: number): URL => new URL(`${experiment}-seed${seed}.json`, folder);

export const hasTrace = (experiment: string, seed: number): boolean => existsSync(fileOf(experiment, seed));

export function writeTrace(trace: Trace): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(fileOf(trace.experiment, trace.seed), `${JSON.stringify(trace)}\n`);
}

/** All stored traces, sorted by name. */
export function readTraces(): Trace[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Trace);
}

/**
 * Converts a trace to a `TrainingRun` for pictures, with a step for each block of losses and a trough for each
 * evaluation.
 */
export function toRun({ experiment, losses, looks, auto }: Trace): TrainingRun {
  const { policy: given, steps } = experimentNamed(experiment);
  const policy = given === 'auto' ? auto!.policy : given;
  const { lr } = toSchedule(policy);
  return {
    version: 1,
    policy,
    from: 0,
    step: steps,
    steps: losses.map((loss, block) => {
      const step = block * blockSteps + blockSteps / 2;
      return { step, lr: lr(step), loss };
    }),
    troughs: looks.map((look, cycle) => ({ ...look, cycle })),
    ...(looks.at(-1) && { final: looks.at(-1)! }),
  };
}

/**
 * Converts the run whose rate rises linearly to the trace of a range test. Each block of losses becomes a point at the
 * rate in the middle of the block. The results on the test set become the validation.
 */
export function toRangeTest({ experiment, losses, looks }: Trace): RangeTestTrace {
  const { policy } = experimentNamed(experiment);
  if (policy === 'auto') throw new Error(`${experiment} is not a range test.`);
  const { lr } = toSchedule(policy);
  const points = losses.map((loss, block) => ({
    step: block,
    lr: lr(block * blockSteps + blockSteps / 2),
    loss,
  }));
  return {
    version: 1,
    spacing: 'linear',
    startLr: points[0]!.lr,
    endLr: points.at(-1)!.lr,
    points,
    validation: looks.map(({ step, loss, accuracy }) => ({
      ...{ step: step / blockSteps - 1, lr: lr(step - 1), loss, accuracy },
    })),
    momentum: 0.9,
    updateKind: 'momentum',
  };
}

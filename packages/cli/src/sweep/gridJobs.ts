import { decay, parsePolicy } from '@clr/core';
import { type Job, type Json, parseJobs, type Task } from '@clr/sweep';
import { UsageError } from '../errors.ts';
import { nameOf, readJson } from '../input/readJson.ts';
import { plans } from '../training/findPolicy.ts';
import {
  numberOf,
  oneOf,
  optimizerOf,
  type TrainingValues,
  trainingFlags,
  wholeOf,
} from '../training/flags.ts';
import { ofData, ofModel } from './setting.ts';

type OneFlags = Readonly<Record<'tests' | 'lr' | 'policy' | 'plan', { readonly type: 'string' }>>;
export type GridFlags = Omit<typeof trainingFlags, 'fast'> &
  OneFlags &
  Readonly<Record<'range-test', { readonly type: 'boolean' }>>;

// A sweep has no --fast. This option chooses the fastest way to compute each layer, so the last bits of the results
// could differ between machines.
const { fast: _, ...ofTraining } = trainingFlags;

/** Options that define a grid. Several values of an option are separated by commas. */
export const gridFlags: GridFlags = {
  ...ofTraining,
  'range-test': { type: 'boolean' },
  tests: { type: 'string' },
  lr: { type: 'string' },
  policy: { type: 'string' },
  plan: { type: 'string' },
};

type GridValues = TrainingValues & { readonly 'range-test'?: boolean } & {
  readonly [N in keyof OneFlags]?: string;
};

/** Makes one job for each combination of the listed values. */
export async function gridJobs(file: string, values: GridValues): Promise<readonly Job[]> {
  const { data } = values;
  if (data === undefined) throw new UsageError('--data with a folder or a file', 'no --data', 'sweep');
  const model = { file, ...taken(values, ofModel) };
  const seeds = listed('seed', values.seed ?? '0', (text) => wholeOf('sweep', 'seed', text, 0) as number);
  const batches = listed('batch', values.batch, (text) => wholeOf('sweep', 'batch', text) as number);
  const optimizers = listed('optimizer', values.optimizer ?? 'adamW', (name) => name).flatMap((optimizer) =>
    listed('weight-decay', values['weight-decay'], (text) => text).map((decay) =>
      optimizerOf('sweep', { optimizer, ...(decay !== undefined && { 'weight-decay': decay }) }),
    ),
  );
  const jobs = (await tasksOf(values)).flatMap((task) =>
    optimizers.flatMap((optimizer) =>
      batches.flatMap((batch) =>
        seeds.map((seed) => ({
          model,
          data: { path: data, ...taken(values, ofData), ...(batch !== undefined && { batch }) },
          ...{ optimizer, seed, task },
        })),
      ),
    ),
  );
  return parseJobs(jobs, 'the grid');
}

async function tasksOf(values: GridValues): Promise<readonly Task[]> {
  const ways = (['range-test', 'lr', 'policy', 'plan'] as const).filter((name) => values[name] !== undefined);
  if (ways.length > 1) {
    const received = ways.map((name) => `--${name}`).join(' and ');
    throw new UsageError('one of --range-test, --lr, --policy and --plan', received, 'sweep');
  }
  if (values.epochs !== undefined) {
    throw new UsageError(
      '--steps, because the length of a job is counted in updates',
      `--epochs ${values.epochs}`,
      'sweep',
    );
  }
  const tests = wholeOf('sweep', 'tests', values.tests, 5);
  if (values['range-test']) return [{ type: 'rangeTest', ...(tests !== undefined && { steps: tests }) }];
  if (tests !== undefined) throw new UsageError('--tests with --range-test', '--tests alone', 'sweep');
  const steps = wholeOf('sweep', 'steps', values.steps, 2);
  if (steps === undefined)
    throw new UsageError('--steps with the length of a training', 'no --steps', 'sweep');
  if (values.policy !== undefined) {
    const policy = parsePolicy(await readJson(values.policy), nameOf(values.policy));
    return [{ type: 'policy', policy, steps }];
  }
  if (values.lr !== undefined) {
    const rateOf = (text: string) => numberOf('sweep', 'lr', text, (n) => n > 0, 'numbers above 0') as number;
    return listed('lr', values.lr, rateOf).map((lr) => ({
      ...{ type: 'policy', policy: decay({ maxLr: lr, steps }), steps },
    }));
  }
  return listed('plan', values.plan ?? 'decay', (name) => oneOf('sweep', 'plan', name, plans)).map(
    (plan) => ({
      ...{ type: 'autoClr', steps, plan },
    }),
  ) as readonly Task[];
}

/** Reads distinct values separated by commas. Returns `[undefined]` if the option is not given. */
function listed<T>(name: string, text: string, read: (text: string) => T): readonly T[];
function listed<T>(
  name: string,
  text: string | undefined,
  read: (text: string) => T,
): readonly (T | undefined)[];
function listed<T>(
  name: string,
  text: string | undefined,
  read: (text: string) => T,
): readonly (T | undefined)[] {
  if (text === undefined) return [undefined];
  const texts = text.split(',');
  if (new Set(texts).size === texts.length && !texts.includes('')) return texts.map(read);
  throw new UsageError(
    `--${name} to be different values, with commas between them`,
    `--${name} ${text}`,
    'sweep',
  );
}

/** Those of the named options that were given. */
function taken(
  values: TrainingValues,
  names: readonly (keyof TrainingValues)[],
): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    names.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name] as Json]])),
  );
}

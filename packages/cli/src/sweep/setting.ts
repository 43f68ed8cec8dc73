import { checkOptionNames } from '@clr/core';
import type { Job, Json } from '@clr/sweep';
import { unusable } from '../errors.ts';
import type { TrainingValues } from '../training/flags.ts';

/** The place of each option of `clr train` in a job. */
const homes: Readonly<Record<keyof TrainingValues, 'model' | 'data' | 'elsewhere'>> = {
  head: 'model',
  freeze: 'model',
  lora: 'model',
  loss: 'model',
  'class-weights': 'model',
  'label-smoothing': 'model',
  'ignore-index': 'model',
  'lr-scale': 'model',
  // In a job this path is `data.path`.
  data: 'elsewhere',
  labels: 'data',
  target: 'data',
  drop: 'data',
  task: 'data',
  size: 'data',
  mean: 'data',
  std: 'data',
  raw: 'data',
  encoding: 'data',
  validation: 'data',
  split: 'data',
  batch: 'data',
  seed: 'elsewhere',
  optimizer: 'elsewhere',
  'weight-decay': 'elsewhere',
  steps: 'elsewhere',
  // The length of a job is given in steps, not in epochs.
  epochs: 'elsewhere',
  // Not allowed in a job, because with --fast the last bits of the results may differ between machines.
  fast: 'elsewhere',
};

const namesIn = (home: 'model' | 'data'): readonly (keyof TrainingValues)[] =>
  (Object.keys(homes) as (keyof TrainingValues)[]).filter((name) => homes[name] === home);

/** The options that a job's `model` may hold besides `file`, and its `data` besides `path`. */
export const ofModel: readonly (keyof TrainingValues)[] = namesIn('model');
export const ofData: readonly (keyof TrainingValues)[] = namesIn('data');

type Fields = Readonly<Record<string, Json | undefined>>;

/** The model of a job, and its other settings as options of `clr train`. */
export interface Setting {
  readonly model: string;
  readonly values: TrainingValues & { readonly data: string };
}

/**
 * Reads the model and the data of a job. Each is a path, or an object with the path and options of `clr train`.
 *
 * @param name - the job's name in error messages
 */
export function settingOf({ model, data, seed }: Job, name: string): Setting {
  const { file, ...modelOptions } = fieldsOf(model, 'file', ofModel, `${name}.model`);
  const { path, ...dataOptions } = fieldsOf(data, 'path', ofData, `${name}.data`);
  const values = { ...modelOptions, ...dataOptions, data: path, seed: String(seed) } as Setting['values'];
  return { model: file as string, values };
}

/** Reads an object as options with their values as text. A string stands for an object with only the field `main`. */
function fieldsOf(
  value: Json,
  main: string,
  names: readonly string[],
  at: string,
): Readonly<Record<string, string | true>> {
  const given =
    typeof value === 'string'
      ? { [main]: value }
      : checkOptionNames('clr/cli', at, value as Fields, [main, ...names]);
  if (typeof given[main] !== 'string' || given[main] === '') {
    const expected = `${at} to be a path, or an object with a path in "${main}"`;
    throw unusable({ expected, received: inShort(value), advice: `Give { "${main}": "…" }.` });
  }
  const fields = Object.entries(given).flatMap(([field, each]): (readonly [string, string | true])[] => {
    if (each === undefined) return [];
    if (field === 'raw' && typeof each === 'boolean') return each ? [[field, each]] : [];
    if (typeof each === 'string' || typeof each === 'number') return [[field, String(each)]];
    const expected = `${at}.${field} to be ${field === 'raw' ? 'true or false' : 'a text or a number'}`;
    throw unusable({
      expected,
      received: inShort(each),
      advice: 'Write it as on the command line of clr train.',
    });
  });
  return Object.fromEntries(fields);
}

const inShort = (value: Json): string => JSON.stringify(value).slice(0, 60);

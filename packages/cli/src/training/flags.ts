import { adam, adamW, type Optimizer, rmsProp, sgd } from '@clr/core';
import type { Flags } from '../command.ts';
import { UsageError } from '../errors.ts';

interface Text {
  readonly type: 'string';
}
interface Flag {
  readonly type: 'boolean';
}
const text: Text = { type: 'string' };
const flag: Flag = { type: 'boolean' };

type DataFlags = Readonly<
  Record<'data' | 'labels' | 'target' | 'drop' | 'task' | 'size' | 'mean' | 'std' | 'encoding', Text> &
    Record<'raw', Flag>
>;
type TrainingFlags = Readonly<
  DataFlags &
    Record<
      'validation' | 'split' | 'batch' | 'seed' | 'head' | 'freeze' | 'lora' | 'loss' | 'class-weights',
      Text
    > &
    Record<
      'label-smoothing' | 'ignore-index' | 'optimizer' | 'weight-decay' | 'lr-scale' | 'steps' | 'epochs',
      Text
    > &
    Record<'fast', Flag>
>;

/** The flags that say where the data are and how to read them. */
export const dataFlags: DataFlags = {
  data: text,
  labels: text,
  target: text,
  drop: text,
  task: text,
  size: text,
  mean: text,
  std: text,
  raw: flag,
  encoding: text,
};

/** All flags of a training, including those about data. */
export const trainingFlags: TrainingFlags = {
  ...dataFlags,
  validation: text,
  split: text,
  batch: text,
  seed: text,
  head: text,
  freeze: text,
  lora: text,
  loss: text,
  'class-weights': text,
  'label-smoothing': text,
  'ignore-index': text,
  optimizer: text,
  'weight-decay': text,
  'lr-scale': text,
  steps: text,
  epochs: text,
  fast: flag,
};

/** The values of parsed flags. */
type Given<F extends Flags> = {
  readonly [K in keyof F]?: F[K]['type'] extends 'string' ? string : boolean;
};
export type DataValues = Given<DataFlags>;
export type TrainingValues = Given<TrainingFlags>;

export const dataHelp = `  --data <path>       a folder with a folder of images for each class; a CSV, Parquet or Arrow table; or arrays:
                      .npz, .npy, .safetensors, IDX. Arrays are matched by name with the model's inputs
                      (x or images also match); the target is y, label, labels or target
  --labels <file>     the array with the targets, if it is in a separate file
  --target <name>     the column or the array to predict
  --drop <a,b>        columns of a table to leave out
  --task <kind>       classification or regression (default: by the target)
  --size <n | h,w>    the size of images, if the model does not fix it
  --mean, --std <…>   how images are normalised, a number for each channel (default: computed)
  --raw               leave bytes of images in arrays as they are; otherwise they are divided by 255
  --encoding <file>   how data become numbers (default: the file beside the model)`;

export const trainingHelp = `  --validation <path> validation data (default: a fifth of --data, of each class if there are classes)
  --split <share>     the share of --data that is held out as validation data (default: 0.2)
  --batch <n>         examples in a batch (default: 32)
  --epochs <n>        the length of the training, in passes over the data (default: 10)
  --steps <n>         the length of the training, in updates
  --seed <n>          decides everything that is random (default: 0); the same seed gives the same results
  --head <n | auto>   replace the last layer by a new one with n outputs; auto: one for each class in the data
  --freeze <what>     body: train only the last layer; or names of weights to freeze, with * for any characters
  --lora <rank>       train adapters of this rank, and a new head; the adapters are merged at the end
  --loss <name>       crossEntropy, mse, l1, huber, bceWithLogits (default: by the target)
  --class-weights <balanced | a,b,…>, --label-smoothing <share>, --ignore-index <n>   options of crossEntropy
  --optimizer <name>  adamW (default), adam, sgd (momentum 0.9), rmsProp
  --weight-decay <n>  the weight decay of the optimizer
  --lr-scale <names=factor,…>   the rate of some weights, relative to the others': 'layer1*=0.1,layer2*=0.3';
                      the first name that matches a weight decides
  --fast              time several ways to compute each layer and use the fastest; the last bits may then vary`;

/** Reads a number within bounds from a flag. */
export function numberOf(
  command: string,
  name: string,
  value: string | undefined,
  legal: (number: number) => boolean,
  expected: string,
): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (value.trim() !== '' && Number.isFinite(number) && legal(number)) return number;
  throw new UsageError(`--${name} to be ${expected}`, `--${name} ${value}`, command);
}

export const wholeOf = (
  command: string,
  name: string,
  value: string | undefined,
  least = 1,
): number | undefined =>
  numberOf(
    command,
    name,
    value,
    (number) => Number.isSafeInteger(number) && number >= least,
    `a whole number of at least ${least}`,
  );

/** Reads numbers separated by commas. */
export function listOf(command: string, name: string, value: string | undefined): number[] | undefined {
  const numbers = value?.split(',').map(Number);
  if (!numbers || numbers.every(Number.isFinite)) return numbers;
  throw new UsageError(`--${name} to be numbers with commas between them`, `--${name} ${value}`, command);
}

/** Reads one of several words. */
export function oneOf<const T extends string>(
  command: string,
  name: string,
  value: string | undefined,
  words: readonly T[],
): T | undefined {
  if (value === undefined) return undefined;
  const word = words.find((each) => each === value);
  if (word) return word;
  throw new UsageError(`--${name} to be ${words.join(', ')}`, `--${name} ${value}`, command);
}

export function optimizerOf(command: string, values: TrainingValues): Optimizer {
  const name = oneOf(command, 'optimizer', values.optimizer, ['adamW', 'adam', 'sgd', 'rmsProp']) ?? 'adamW';
  const decay = numberOf(
    command,
    'weight-decay',
    values['weight-decay'],
    (n) => n >= 0,
    'a number of at least 0',
  );
  const more = decay === undefined ? {} : { weightDecay: decay };
  if (name === 'sgd') return sgd({ momentum: 0.9, ...more });
  return { adamW, adam, rmsProp }[name](more);
}

import { adam, adamW, type Optimizer, rmsProp, sgd } from '@clr/core';
import type { DataName } from './data.ts';

/** The seeds of initial weights and batch orders. */
export const seeds = [1, 2] as const;

/**
 * The initial state of a run: random weights, or a net trained on the digits 0 to 4, with its own or a new head.
 */
export type Start = 'scratch' | 'trained' | 'new-head';

/** One thing to train: data, net, optimizer, batch size and budget. */
export interface Setting {
  readonly name: string;
  readonly data: DataName;
  /** The name of the net's files in `models/`, without the seed. */
  readonly net: string;
  readonly start: Start;
  readonly optimizerName: keyof typeof optimizers;
  readonly optimizer: Optimizer;
  readonly batch: number;
  /** The number of steps in all, including those of the range test. */
  readonly budget: number;
  readonly part: Part;
}

/**
 * Rules are fitted to `development`, `long` (linear decays and range tests only), `others` and `tables`. `unseen` was
 * chosen before anything was trained on it, and evaluated after the rules of decision 15 were fixed. Since then its news,
 * and `text`, have been used to fit decision 19, and both parts to choose the shape of the decay (decision 21).
 */
export const parts = ['development', 'long', 'others', 'tables', 'unseen', 'text'] as const;
export type Part = (typeof parts)[number];

const optimizers = {
  sgd: sgd(),
  momentum: sgd({ momentum: 0.9 }),
  nesterov: sgd({ momentum: 0.9, nesterov: true }),
  adam: adam(),
  adamW: adamW(),
  rmsProp: rmsProp(),
};

type Row = readonly [
  net: string,
  data: DataName,
  optimizer: keyof typeof optimizers,
  batch: number,
  budget: number,
  start?: Start,
];

const development: readonly Row[] = [
  ['tabular-mlp', 'teacher', 'sgd', 32, 4000],
  ['tabular-mlp', 'teacher', 'momentum', 64, 1000],
  ['tabular-mlp', 'teacher', 'momentum', 32, 10_000],
  ['tabular-mlp', 'teacher', 'adam', 16, 4000],
  ['tabular-mlp', 'noisy-teacher', 'adamW', 128, 1000],
  ['tabular-tanh', 'teacher', 'nesterov', 32, 4000],
  ['tabular-tanh', 'teacher', 'rmsProp', 64, 1000],
  ['tabular-tanh', 'noisy-teacher', 'sgd', 64, 1000],
  ['tabular-tanh', 'teacher', 'adam', 32, 10_000],
  ['mlp', 'mnist', 'sgd', 16, 4000],
  ['mlp', 'mnist', 'momentum', 64, 1000],
  ['mlp', 'mnist', 'adam', 32, 1000],
  ['mlp', 'mnist', 'rmsProp', 32, 4000],
  ['convnet', 'mnist', 'nesterov', 32, 1000],
  ['convnet', 'mnist', 'adamW', 32, 1000],
  ['quick', 'cifar', 'momentum', 32, 1000],
  ['quick', 'cifar', 'momentum', 32, 4000],
  ['quick', 'cifar', 'sgd', 32, 1000],
  ['quick', 'cifar', 'adam', 32, 1000],
  ['normed', 'cifar', 'momentum', 32, 1000],
  ['normed', 'cifar', 'sgd', 16, 1000],
  ['normed', 'cifar', 'adamW', 32, 1000],
  ['residual', 'cifar', 'momentum', 32, 1000],
  ['residual', 'cifar', 'adam', 32, 1000],
  ['transformer', 'sequence', 'adam', 32, 4000],
  ['transformer', 'sequence', 'momentum', 32, 1000],
  ['chars', 'api-text', 'adamW', 16, 1000],
  ['chars', 'api-text', 'momentum', 16, 1000],
  ['convnet', 'mnist-5-9', 'momentum', 32, 1000, 'new-head'],
  ['convnet', 'mnist-5-9', 'adam', 32, 1000, 'trained'],
  ['convnet', 'mnist-0-4', 'sgd', 32, 1000, 'trained'],
];

// These settings add lengths and optimizers, to fit the distance between the edge and the best peak.
const long: readonly Row[] = [
  ['quick', 'cifar', 'momentum', 32, 10_000],
  ['residual', 'cifar', 'momentum', 32, 10_000],
  ['residual', 'cifar', 'momentum', 32, 4000],
  ['tabular-mlp', 'teacher', 'sgd', 32, 1000],
  ['tabular-mlp', 'teacher', 'adam', 16, 1000],
  ['tabular-mlp', 'teacher', 'rmsProp', 32, 10_000],
  ['tabular-mlp', 'noisy-teacher', 'sgd', 64, 10_000],
  ['tabular-tanh', 'teacher', 'momentum', 64, 2000],
  ['tabular-tanh', 'teacher', 'sgd', 32, 4000],
  ['tabular-tanh', 'teacher', 'adamW', 64, 2000],
  ['mlp', 'mnist', 'momentum', 32, 10_000],
  ['mlp', 'mnist', 'adamW', 32, 4000],
  ['convnet', 'mnist', 'sgd', 32, 2000],
  ['convnet', 'mnist', 'rmsProp', 32, 2000],
  ['transformer', 'sequence', 'rmsProp', 32, 2000],
  ['transformer', 'sequence', 'sgd', 32, 4000],
  ['transformer', 'sequence', 'adamW', 32, 1000],
  ['normed', 'cifar', 'momentum', 32, 4000],
  ['normed', 'cifar', 'rmsProp', 32, 1000],
  ['normed', 'cifar', 'adam', 32, 4000],
  ['quick', 'cifar', 'adam', 32, 4000],
  ['chars', 'api-text', 'rmsProp', 16, 1000],
  ['chars', 'api-text', 'adam', 16, 4000],
];

// These settings have other nets and, except for the images, other data than those above. They were held out until the
// rules of decision 14 were fixed.
const others: readonly Row[] = [
  ['signal', 'waves', 'sgd', 32, 1000],
  ['signal', 'waves', 'adam', 64, 1000],
  ['attention', 'waves', 'momentum', 32, 1000],
  ['attention', 'waves', 'adamW', 32, 4000],
  ['layer-norm', 'mnist', 'nesterov', 64, 1000],
  ['deep', 'regions', 'sgd', 64, 4000],
  ['deep', 'regions', 'rmsProp', 64, 1000],
  ['deep', 'regions', 'adam', 32, 10_000],
  ['mobile', 'cifar', 'momentum', 32, 1000],
  ['strided', 'cifar', 'momentum', 32, 4000],
  ['char-convs', 'node-text', 'adam', 16, 1000],
  ['signal', 'waves', 'rmsProp', 32, 4000],
  ['attention', 'waves', 'adam', 32, 1000],
  ['layer-norm', 'mnist', 'adam', 32, 4000],
  ['layer-norm', 'mnist', 'sgd', 32, 1000],
  ['deep', 'regions', 'momentum', 32, 4000],
  ['deep', 'regions', 'nesterov', 64, 10_000],
  ['strided', 'cifar', 'adam', 32, 1000],
  ['mobile', 'cifar', 'adamW', 32, 1000],
  ['char-convs', 'node-text', 'momentum', 16, 1000],
  ['layer-norm', 'mnist-5-9', 'momentum', 32, 1000, 'new-head'],
  ['layer-norm', 'mnist-5-9', 'adamW', 32, 1000, 'trained'],
];

// Real data, more than half of it tables.
const tables: readonly Row[] = [
  ['letters', 'letters', 'sgd', 32, 1000],
  ['letters', 'letters', 'momentum', 32, 2000],
  ['letters', 'letters', 'adamW', 64, 1000],
  ['letters-norm', 'letters', 'nesterov', 64, 1000],
  ['letters-norm', 'letters', 'adam', 64, 2000],
  ['satellite', 'satellite', 'momentum', 32, 1000],
  ['satellite', 'satellite', 'sgd', 16, 2000],
  ['satellite', 'satellite', 'adam', 32, 1000],
  ['spam', 'spam', 'adamW', 32, 1000],
  ['spam', 'spam', 'sgd', 32, 2000],
  ['spam', 'spam', 'nesterov', 16, 1000],
  ['digits', 'digits', 'adam', 32, 1000],
  ['digits', 'digits', 'momentum', 32, 1000],
  ['digits', 'digits', 'sgd', 16, 2000],
  ['mnist-norm', 'mnist', 'momentum', 64, 1000],
  ['mnist-norm', 'mnist', 'adam', 32, 1000],
  ['mnist-norm', 'mnist', 'sgd', 32, 2000],
  ['words', 'topics', 'adamW', 32, 2000],
  ['words', 'topics', 'nesterov', 32, 2000],
  ['letters', 'letters', 'adam', 32, 4000],
  ['satellite', 'satellite', 'nesterov', 32, 4000],
  ['words', 'topics', 'sgd', 32, 4000],
];

// These settings have other nets and, except for the images, other data than all of the above.
const unseen: readonly Row[] = [
  ['dna', 'dna', 'momentum', 32, 1000],
  ['dna', 'dna', 'adam', 32, 1000],
  ['dna', 'dna', 'sgd', 32, 2000],
  ['diamonds', 'diamonds', 'nesterov', 64, 2000],
  ['diamonds', 'diamonds', 'adamW', 64, 1000],
  ['diamonds', 'diamonds', 'sgd', 64, 1000],
  ['mnist-wide', 'mnist', 'nesterov', 32, 1000],
  ['mnist-wide', 'mnist', 'adamW', 32, 1000],
  ['news', 'news', 'adam', 32, 2000],
  ['news', 'news', 'momentum', 32, 2000],
  ['diamonds', 'diamonds', 'adam', 64, 4000],
  ['news', 'news', 'sgd', 32, 1000],
];

// A text and a net that no rule had seen when they were first run. Since then they have helped to choose where the fine
// sweep begins (decision 19).
const text: readonly Row[] = [
  ['perl', 'perl', 'adam', 32, 2000],
  ['perl', 'perl', 'momentum', 32, 2000],
  ['perl', 'perl', 'rmsProp', 64, 2000],
  ['perl', 'perl', 'sgd', 32, 4000],
];

const rows: Readonly<Record<Part, readonly Row[]>> = { development, long, others, tables, unseen, text };

/** All settings, part by part, in the order in which they are run. */
export const settings: readonly Setting[] = parts.flatMap((part) =>
  rows[part].map((row) => {
    const [net, data, optimizer, batch, budget, start = 'scratch'] = row;
    const noisy = data === 'noisy-teacher' ? '-noisy' : '';
    return {
      name: `${net}${noisy}${start === 'scratch' ? '' : `-${data}-${start}`}-${optimizer}-${batch}-${budget}`,
      data,
      net,
      start,
      optimizerName: optimizer,
      optimizer: optimizers[optimizer],
      batch,
      budget,
      part,
    };
  }),
);

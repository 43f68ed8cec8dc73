import { adam, adamW, type Optimizer, rmsProp, sgd } from '@clr/core';
import type { DataName } from './data.ts';

/** The seeds of initial weights and batch orders. */
export const seeds = [1, 2, 3] as const;

/** One thing to train: data, net, optimizer, batch size and budget. */
export interface Setting {
  readonly name: string;
  readonly data: DataName;
  /** The name of the net's files in `models/`, less the seed. */
  readonly net: string;
  readonly optimizer: Optimizer;
  readonly batch: number;
  /** Steps of a whole training run. */
  readonly budget: number;
  /** Never looked at while rules are tuned. */
  readonly heldOut: boolean;
}

const optimizers = {
  sgd: sgd(),
  momentum: sgd({ momentum: 0.9 }),
  nesterov: sgd({ momentum: 0.9, nesterov: true }),
  adam: adam(),
  adamW: adamW(),
  rmsProp: rmsProp(),
};

const dataOf: Readonly<Record<string, DataName>> = {
  'tabular-mlp': 'tabular',
  'tabular-tanh': 'tabular',
  'mnist-mlp': 'mnist',
  lenet: 'mnist',
  quick: 'cifar',
  'batch-norm': 'cifar',
  resnet: 'cifar',
  transformer: 'sequence',
};

type Row = [net: string, optimizer: keyof typeof optimizers, batch: number, budget: number];

// Every third of its net is held out, so that each part sees all data, nets and optimizers.
const rows: readonly Row[] = [
  ['tabular-mlp', 'sgd', 32, 1000],
  ['tabular-mlp', 'momentum', 64, 800],
  ['tabular-mlp', 'adam', 16, 1500],
  ['tabular-mlp', 'adamW', 256, 500],
  ['tabular-tanh', 'nesterov', 32, 1000],
  ['tabular-tanh', 'rmsProp', 64, 800],
  ['tabular-tanh', 'sgd', 128, 800],
  ['mnist-mlp', 'sgd', 16, 600],
  ['mnist-mlp', 'momentum', 128, 300],
  ['mnist-mlp', 'rmsProp', 32, 500],
  ['mnist-mlp', 'adamW', 64, 400],
  ['lenet', 'nesterov', 32, 300],
  ['lenet', 'adam', 32, 250],
  ['lenet', 'sgd', 16, 375],
  ['lenet', 'momentum', 64, 250],
  ['quick', 'momentum', 32, 250],
  ['quick', 'sgd', 16, 375],
  ['batch-norm', 'sgd', 32, 250],
  ['batch-norm', 'adamW', 32, 250],
  ['resnet', 'momentum', 32, 250],
  ['transformer', 'adam', 32, 600],
  ['transformer', 'nesterov', 32, 600],
  ['transformer', 'adamW', 64, 400],
  ['transformer', 'rmsProp', 16, 1000],
  // Added later, for development alone: other budgets and other pairs of net and optimizer.
  ['tabular-mlp', 'momentum', 16, 2000],
  ['tabular-mlp', 'sgd', 64, 3000],
  ['tabular-tanh', 'adam', 32, 1500],
  ['tabular-tanh', 'momentum', 128, 400],
  ['mnist-mlp', 'adam', 32, 1500],
  ['mnist-mlp', 'sgd', 64, 800],
  ['mnist-mlp', 'nesterov', 16, 500],
  ['transformer', 'sgd', 32, 800],
  ['transformer', 'momentum', 64, 300],
  ['transformer', 'adamW', 16, 1500],
  ['lenet', 'rmsProp', 32, 250],
  ['quick', 'adam', 32, 250],
  ['batch-norm', 'nesterov', 16, 400],
  ['resnet', 'adam', 32, 250],
];

const heldOut = new Set([
  'tabular-mlp-momentum-64',
  'tabular-tanh-nesterov-32',
  'mnist-mlp-rmsProp-32',
  'mnist-mlp-sgd-16',
  'lenet-adam-32',
  'quick-sgd-16',
  'batch-norm-adamW-32',
  'resnet-momentum-32',
  'transformer-adam-32',
]);

/** Settings whose labels are also drawn at random, for curves that carry nothing. */
export const randomLabelled: ReadonlySet<string> = new Set([
  'tabular-mlp-sgd-32',
  'lenet-momentum-64',
  'quick-adam-32',
  'transformer-adamW-64',
]);

/** All settings, each part in the order they are run. */
export const settings: readonly Setting[] = rows.map(([net, optimizer, batch, budget]) => {
  const name = `${net}-${optimizer}-${batch}`;
  return {
    name,
    data: dataOf[net]!,
    net,
    optimizer: optimizers[optimizer],
    batch,
    budget,
    heldOut: heldOut.has(name),
  };
});

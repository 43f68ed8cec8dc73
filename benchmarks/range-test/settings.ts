import { adam, adamW, type Optimizer, rmsProp, sgd } from '@clr/core';
import type { DataName } from './data.ts';

/** The seeds of initial weights and batch orders. */
export const seeds = [1, 2, 3] as const;

/** One thing to train: data, net, optimizer, batch size and budget. */
export interface Setting {
  readonly name: string;
  readonly data: DataName;
  /** The name of the net's files in `models/`, without the seed. */
  readonly net: string;
  readonly optimizer: Optimizer;
  readonly batch: number;
  /** Steps of a whole training run. */
  readonly budget: number;
  /** True if the setting is held out: it is not used while rules are tuned. */
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

/** The data and the number of steps of each net: ten times the steps of a range test, or more if steps are cheap. */
const nets: Readonly<Record<string, { readonly data: DataName; readonly budget: number }>> = {
  'tabular-mlp': { data: 'tabular', budget: 4000 },
  'tabular-tanh': { data: 'tabular', budget: 4000 },
  'mnist-mlp': { data: 'mnist', budget: 3000 },
  transformer: { data: 'sequence', budget: 2500 },
  lenet: { data: 'mnist', budget: 2000 },
  quick: { data: 'cifar', budget: 2000 },
  'batch-norm': { data: 'cifar', budget: 2000 },
  resnet: { data: 'cifar', budget: 2000 },
  signal: { data: 'waves', budget: 3000 },
  attention: { data: 'waves', budget: 3000 },
  'layer-norm': { data: 'mnist', budget: 3000 },
  deep: { data: 'tabular', budget: 4000 },
  mobile: { data: 'cifar', budget: 2000 },
};

type Row = [net: string, optimizer: keyof typeof optimizers, batch: number];

const development: readonly Row[] = [
  ['tabular-mlp', 'sgd', 32],
  ['tabular-mlp', 'momentum', 64],
  ['tabular-mlp', 'adam', 16],
  ['tabular-mlp', 'adamW', 256],
  ['tabular-tanh', 'nesterov', 32],
  ['tabular-tanh', 'rmsProp', 64],
  ['tabular-tanh', 'sgd', 128],
  ['mnist-mlp', 'sgd', 16],
  ['mnist-mlp', 'momentum', 128],
  ['mnist-mlp', 'rmsProp', 32],
  ['mnist-mlp', 'adamW', 64],
  ['lenet', 'nesterov', 32],
  ['lenet', 'adam', 32],
  ['lenet', 'sgd', 16],
  ['lenet', 'momentum', 64],
  ['quick', 'momentum', 32],
  ['quick', 'sgd', 16],
  ['batch-norm', 'sgd', 32],
  ['batch-norm', 'adamW', 32],
  ['resnet', 'momentum', 32],
  ['transformer', 'adam', 32],
  ['transformer', 'nesterov', 32],
  ['transformer', 'adamW', 64],
  ['transformer', 'rmsProp', 16],
  ['tabular-mlp', 'momentum', 16],
  ['tabular-mlp', 'sgd', 64],
  ['tabular-tanh', 'adam', 32],
  ['tabular-tanh', 'momentum', 128],
  ['mnist-mlp', 'adam', 32],
  ['mnist-mlp', 'sgd', 64],
  ['mnist-mlp', 'nesterov', 16],
  ['transformer', 'sgd', 32],
  ['transformer', 'momentum', 64],
  ['transformer', 'adamW', 16],
  ['lenet', 'rmsProp', 32],
  ['quick', 'adam', 32],
  ['batch-norm', 'nesterov', 16],
  ['resnet', 'adam', 32],
];

// These have other nets than those above, and some have other data. They were chosen before any of them was trained.
const heldOut: readonly Row[] = [
  ['signal', 'sgd', 32],
  ['signal', 'adam', 64],
  ['signal', 'momentum', 16],
  ['attention', 'adamW', 32],
  ['attention', 'momentum', 32],
  ['layer-norm', 'nesterov', 64],
  ['layer-norm', 'adamW', 32],
  ['layer-norm', 'sgd', 128],
  ['deep', 'sgd', 64],
  ['deep', 'adam', 32],
  ['deep', 'rmsProp', 128],
  ['mobile', 'momentum', 64],
  ['mobile', 'adam', 32],
];

/** Settings that are also swept with random labels, for curves without information. */
export const randomLabelled: ReadonlySet<string> = new Set([
  'tabular-mlp-sgd-32',
  'lenet-momentum-64',
  'quick-adam-32',
  'transformer-adamW-64',
]);

/** All settings, in the order in which they are run. */
export const settings: readonly Setting[] = [...development, ...heldOut].map((row) => {
  const [net, optimizer, batch] = row;
  return {
    name: `${net}-${optimizer}-${batch}`,
    ...nets[net]!,
    net,
    optimizer: optimizers[optimizer],
    batch,
    heldOut: heldOut.includes(row),
  };
});

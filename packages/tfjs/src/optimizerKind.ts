import type { UpdateKind } from '@clr/core';
import { fail } from './errors.ts';

/**
 * The part of an optimizer that clr uses. Any `tf.Optimizer` has it, from any copy of tfjs-core; classes are identified
 * by name, never by `instanceof`.
 */
export interface OptimizerLike {
  /** The name of its class, such as `Adam`. */
  getClassName(): string;
  /** Updates applied so far. */
  readonly iterations: number;
}

/** An optimizer with its internal fields accessible. */
export type OptimizerFields = OptimizerLike & { [field: string]: unknown };

/** The part of an optimizer's tensor that clr uses. */
export interface TensorLike {
  readonly isDisposed: boolean;
  dispose(): void;
}

/** How the rate and the momentum of one of tfjs's optimizers are set. */
export interface OptimizerKind {
  readonly update: UpdateKind;
  /** The place that holds the momentum. `null` if this optimizer has none. */
  readonly momentum: 'tensor' | 'field' | 'beta1' | null;
  /** True if the optimizer keeps `−lr` in a tensor. The others read the field `learningRate` at every update. */
  readonly rateTensor: boolean;
}

const field = { update: 'adaptive', momentum: null, rateTensor: false } as const;

const kinds: ReadonlyMap<string, OptimizerKind> = new Map<string, OptimizerKind>([
  ['SGD', { ...field, update: 'sgd', rateTensor: true }],
  ['Momentum', { update: 'momentum', momentum: 'tensor', rateTensor: true }],
  ['Adagrad', field],
  // tfjs's Adadelta moves as SGD does: its two averages stay equal, so they cancel.
  ['Adadelta', { ...field, update: 'sgd' }],
  ['RMSProp', { ...field, update: 'rmsProp', momentum: 'field' }],
  ['Adam', { ...field, momentum: 'beta1' }],
  ['Adamax', { ...field, momentum: 'beta1' }],
]);

/** Describes a value that is not an optimizer: `undefined`, `a number`, `an object`. */
function describe(given: unknown): string {
  if (given === undefined || given === null) return String(given);
  return `${typeof given === 'object' ? 'an' : 'a'} ${typeof given}`;
}

/**
 * Returns the kind of an optimizer and checks the fields of its rate and momentum. It refuses an optimizer of a future
 * tfjs with other internals before anything changes. `slotsOf` checks the other fields.
 */
export function optimizerKind(optimizer: OptimizerLike): OptimizerKind {
  const name = typeof optimizer?.getClassName === 'function' ? optimizer.getClassName() : undefined;
  const kind = kinds.get(name ?? '');
  if (kind === undefined) {
    throw fail({
      expected: `one of tfjs's optimizers: ${[...kinds.keys()].join(', ')}`,
      received: name === undefined ? describe(optimizer) : `an optimizer of the class "${name}"`,
      advice: 'Make it with tf.train.sgd(), tf.train.momentum(), tf.train.adam() and so on.',
    });
  }
  const fields = optimizer as OptimizerFields;
  const must = (met: boolean, what: string): void => {
    if (!met) throw unlikeTfjs(name ?? '', what);
  };
  must(Number.isInteger(fields.iterations), 'a counter `iterations`');
  must(typeof fields.learningRate === 'number', 'a number in `learningRate`');
  if (kind.rateTensor) {
    must(isTensor(fields.c), 'a tensor in `c`');
    must(typeof fields.setLearningRate === 'function', 'a method `setLearningRate`');
  }
  if (kind.momentum !== null) {
    must(typeof fields[momentumField(kind)] === 'number', `a number in \`${momentumField(kind)}\``);
  }
  if (kind.momentum === 'tensor') must(isTensor(fields.m), 'a tensor in `m`');
  if (kind.momentum === 'beta1') must(isTensor(fields.accBeta1), 'a variable in `accBeta1`');
  return kind;
}

/** Core's name for an optimizer's update. Momentum at 0 is plain SGD; RMSProp with momentum is adaptive, like Adam. */
export function updateKind(optimizer: OptimizerLike): UpdateKind {
  const { update } = optimizerKind(optimizer);
  const { momentum } = optimizer as OptimizerFields;
  if (update === 'momentum' && momentum === 0) return 'sgd';
  return update === 'rmsProp' && momentum !== 0 ? 'adaptive' : update;
}

/** The name of the field that holds an optimizer's momentum. */
export function momentumField(kind: OptimizerKind): 'beta1' | 'momentum' {
  return kind.momentum === 'beta1' ? 'beta1' : 'momentum';
}

/** The error for an optimizer with internals that clr does not know. */
export function unlikeTfjs(name: string, what: string): Error {
  return fail({
    expected: `tfjs's ${name} optimizer to have ${what}, as in tfjs 4.0 to 4.22`,
    received: 'an optimizer without it',
    advice: 'This tfjs has other internals: use a tested 4.x, or a newer @clr/tfjs.',
  });
}

/** True for a tensor or a variable. */
export function isTensor(value: unknown): value is TensorLike {
  return typeof (value as TensorLike | null | undefined)?.dispose === 'function';
}

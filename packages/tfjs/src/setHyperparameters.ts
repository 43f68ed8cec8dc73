import { checkHyperparameters, type Hyperparameters } from '@clr/core';
import { fail } from './errors.ts';
import {
  momentumField,
  type OptimizerFields,
  type OptimizerKind,
  type OptimizerLike,
  optimizerKind,
  unlikeTfjs,
} from './optimizerKind.ts';
import { setMomentum, setRate } from './setNumbers.ts';
import { type ReadWatch, watchReads } from './watchReads.ts';

/** An optimizer whose numbers were set. The next call checks that the update in between read them. */
interface Watched {
  readonly watch: ReadWatch;
  iterations: number;
}

const watched = new WeakMap<OptimizerLike, Watched>();

/**
 * Sets the learning rate, and the momentum if given, of any of tfjs's seven optimizers. Both take effect at the next
 * update. It leaks no tensor and reads nothing back from the device.
 *
 * The momentum is `momentum` for Momentum (Nesterov or not) and RMSProp, β₁ for Adam and Adamax. With a cycled β₁, the
 * bias correction is 1 − β₁ᵗ with the current β₁ and the update's number t, as in PyTorch.
 *
 * @param optimizer - from `tf.train` of any copy of tfjs 4.x, or a compiled model's `model.optimizer`
 * @throws {PolicyError} if a number is out of range (`checkHyperparameters` of `@clr/core`), or if the optimizer has
 *   no momentum to set (SGD, Adagrad, Adadelta)
 * @throws {ClrError} if the optimizer has a decay of its own (Adamax), is not one of the seven, or has internals that
 * clr does not know, so that the numbers would have no effect
 *
 * @example
 * ```ts
 * const optimizer = tf.train.momentum(0.1, 0.9);
 * setHyperparameters(optimizer, { lr: 0.02, momentum: 0.85 });
 * optimizer.minimize(() => loss()); // this update uses both
 * optimizer.learningRate; // 0.02
 * ```
 */
export function setHyperparameters(optimizer: OptimizerLike, hyper: Hyperparameters): void {
  write(optimizer, hyper, () => checkHyper(optimizer, hyper));
}

/** Like {@link setHyperparameters}, for the numbers of a schedule, whose ranges are checked already. */
export function setScheduled(optimizer: OptimizerLike, hyper: Hyperparameters): void {
  write(optimizer, hyper, (kind) => {
    if (kind.momentum !== null || !hyper.momentum) return;
    throw fail({
      expected: 'momentum to be absent or 0, since this optimizer has no velocity',
      received: `momentum = ${hyper.momentum}`,
      advice: 'Use tf.train.momentum(), or take the momentum out of the policy.',
    });
  });
}

function write(optimizer: OptimizerLike, hyper: Hyperparameters, check: (kind: OptimizerKind) => void): void {
  // This comes first, because the checks below read the same fields.
  checkLastUpdate(optimizer);
  const kind = optimizerKind(optimizer);
  const fields = optimizer as OptimizerFields;
  checkDecay(fields);
  check(kind);
  const { lr, momentum } = hyper;
  const state = watched.get(optimizer) ?? watch(fields, kind);
  setRate(fields, kind, lr);
  if (momentum !== undefined && kind.momentum !== null) setMomentum(fields, kind, momentum);
  state.iterations = fields.iterations;
  state.watch.reset();
}

/** Refuses hyperparameters that are invalid for this optimizer, before a step touches anything. */
export function checkHyper(optimizer: OptimizerLike, hyper: Hyperparameters): void {
  checkHyperparameters(hyper, optimizerKind(optimizer).update, hyperparametersOf(optimizer));
}

/** The names of the hyperparameters that a step may set besides the rate. */
export const hyperparametersOf = (optimizer: OptimizerLike): readonly string[] =>
  optimizerKind(optimizer).momentum === null ? [] : ['momentum'];

function checkDecay(optimizer: OptimizerFields): void {
  if (optimizer.getClassName() === 'Adamax' && optimizer.decay !== 0) {
    throw fail({
      expected: 'an Adamax optimizer without a decay of its own',
      received: `decay = ${String(optimizer.decay)}`,
      advice: 'The decay would divide every rate by 1 + decay · step. Leave it out of tf.train.adamax().',
    });
  }
}

function watch(optimizer: OptimizerFields, kind: OptimizerKind): Watched {
  const fields = [kind.rateTensor ? 'c' : 'learningRate'];
  if (kind.momentum !== null) fields.push(kind.momentum === 'tensor' ? 'm' : momentumField(kind));
  const state = { watch: watchReads(optimizer, fields), iterations: optimizer.iterations };
  watched.set(optimizer, state);
  return state;
}

/**
 * Checks that the update since the hyperparameters were set read them. Call it before anything else reads the
 * optimizer's fields.
 */
export function checkLastUpdate(optimizer: OptimizerLike): void {
  const state = watched.get(optimizer);
  // Any other change of the count may come from loading the optimizer's weights, which reads no field.
  if (state === undefined || optimizer.iterations !== state.iterations + 1) return;
  const unread = state.watch.unread();
  if (unread.length > 0) {
    throw unlikeTfjs(optimizer.getClassName(), `an update that reads \`${unread.join('` and `')}\``);
  }
}

/** Skips the check of the last update, because a restored state has another update count. */
export function forgetLastUpdate(optimizer: OptimizerLike): void {
  const state = watched.get(optimizer);
  if (state !== undefined) state.iterations = Number.NaN;
}

import {
  checkOptionNames,
  type Hyperparameters,
  type Policy,
  type Schedule,
  type ScheduleLike,
  toSchedule,
} from '@clr/core';
import type * as tfjs from '@tensorflow/tfjs';
// Imported by name, so that a bundle holds only these.
import { Callback, CallbackList, CustomCallback, LayersModel } from '@tensorflow/tfjs';
import { adoptCallback, type CallbackClasses, checkClasses } from './adoptCallbacks.ts';
import { applyHyperparameters, setOwnMomentum } from './applyHyperparameters.ts';
import { fail } from './errors.ts';
import { momentumField, type OptimizerFields, type OptimizerLike, optimizerKind } from './optimizerKind.ts';
import { carryProgress, type Progress, publishProgress, savedProgress } from './progress.ts';
import { checkLastUpdate } from './setHyperparameters.ts';

const peer: CallbackClasses = { Callback, CallbackList, CustomCallback, LayersModel };

/** Options of {@link cyclicLR}. */
export interface CyclicLROptions {
  /** The step to start at, that is, the number of earlier updates. Default 0. */
  readonly from?: number;
  /** Stop at the trough after this many cycles, counted from `from`. Default: do not stop. */
  readonly cycles?: number;
  /** The tfjs that made the model, if it is not the copy that `import '@tensorflow/tfjs'` finds. */
  readonly tf?: CallbackClasses;
}

/** The result of {@link cyclicLR}: a `tf.Callback` with a counter. */
export interface CyclicLR extends tfjs.Callback {
  /** `from` plus the updates applied so far, across all epochs and calls of `fit`. */
  readonly step: number;
  /** Ends the running `fit` at the next trough. */
  stopAtTrough(): void;
}

/**
 * Makes a callback that trains under a policy: `model.fit` and `model.fitDataset` run update `k` with exactly
 * `schedule.lr(k)` and `schedule.momentum(k)`.
 *
 * It counts updates across epochs and calls of `fit`. It keeps policy and step in the model's metadata, so that they
 * are saved with it ({@link resumeCyclicLR}). The rate and momentum of each epoch's last update are in `history` and in
 * the logs of the callbacks listed after it, as `lr` and `momentum`. Nothing is read back from the device. It works
 * alone, or before or after other callbacks. It counts one run at a time, so each model that is trained at the same time
 * needs its own.
 *
 * @throws {PolicyError} if the policy is invalid
 * @throws {ClrError} if an option is bad; inside `fit`, if the model's optimizer cannot follow the policy, if the list
 *   holds two of these callbacks, or if this one is in use by another model
 *
 * @example
 * ```ts
 * const schedule = cyclicLR(triangular2({ baseLr: 0.001, maxLr: 0.006, stepSize: 2000 }));
 * await model.fit(xs, ys, { epochs: 10, batchSize: 4, callbacks: schedule });
 * schedule.step; // 20
 * ```
 */
export function cyclicLR(policy: ScheduleLike, options: CyclicLROptions = {}): CyclicLR {
  const names = ['from', 'cycles', 'tf'] as const;
  return callbackFor(policy, checkOptionNames('clr/tfjs', 'cyclicLR', options, names));
}

/** @param momentum - the optimizer's own momentum, if an earlier part of this run has put another in its place */
function callbackFor(
  policy: ScheduleLike,
  { from = 0, cycles, tf = peer }: CyclicLROptions,
  momentum?: number,
): CyclicLR {
  const schedule = toSchedule(policy);
  checkCount('from', from, 0);
  if (cycles !== undefined) checkCount('cycles', cycles, 1);
  checkClasses(tf);
  const progress = { policy: dataOf(policy), step: from, ...(momentum !== undefined && { momentum }) };
  const callback = createCallback(tf, schedule, progress, targetOf(schedule, from, cycles));
  adoptCallback(tf, callback);
  carryProgress(tf);
  return callback;
}

/**
 * Returns the source if it is a policy as data, which `toSchedule` has checked. Calling `isPolicy` would add every
 * policy to the bundle.
 */
const dataOf = (source: ScheduleLike): Policy | null =>
  typeof source === 'function' || typeof Object(source).lr === 'function' ? null : (source as Policy);

/**
 * Like {@link cyclicLR}, with the policy and the step that were saved with a loaded model.
 *
 * @throws {ClrError} if the model has no saved policy, or was trained with a schedule of functions, which cannot be
 *   stored
 *
 * @example
 * ```ts
 * await model.fit(xs, ys, { epochs: 10, callbacks: cyclicLR(policy) });
 * await model.save('indexeddb://digits', { includeOptimizer: true });
 * // the next day
 * const again = await tf.loadLayersModel('indexeddb://digits');
 * await again.fit(xs, ys, { epochs: 10, callbacks: resumeCyclicLR(again) });
 * savedProgress(again).step; // 20
 * ```
 */
export function resumeCyclicLR(
  model: tfjs.LayersModel,
  options: Omit<CyclicLROptions, 'from'> = {},
): CyclicLR {
  checkOptionNames('clr/tfjs', 'resumeCyclicLR', options, ['cycles', 'tf']);
  const saved = savedProgress(model);
  if (saved?.policy == null) {
    throw fail({
      expected: 'a model that was saved with the policy of its training',
      received:
        saved === null ? 'a model without a policy' : `a model trained to step ${saved.step} by functions`,
      advice: 'Pass the policy: cyclicLR(policy, { from: step }).',
    });
  }
  return callbackFor(saved.policy, { ...options, from: saved.step }, saved.momentum);
}

/** The step at which the callback stops. */
function targetOf(schedule: Schedule, from: number, cycles: number | undefined): number {
  if (cycles === undefined) return Infinity;
  const done = (step: number): boolean => schedule.at(step).cycle >= schedule.at(from).cycle + cycles;
  // First doubles the step, then bisects. This takes a few dozen look-ups for any number of cycles.
  let [low, high] = [from, from + 1];
  while (!done(high)) {
    const { cycleEnd } = schedule.at(high);
    if (cycleEnd === Infinity || high > 2 ** 51) throw noTrough();
    [low, high] = [high, Math.max(cycleEnd, 2 * high)];
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (done(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function createCallback(
  tf: CallbackClasses,
  schedule: Schedule,
  progress: { -readonly [K in keyof Progress]: Progress[K] },
  target: number,
): CyclicLR {
  let model: tfjs.LayersModel | null = null;
  let last: { lr: number; momentum?: number } | null = null;
  let stopping = false;

  const hyperAt = (step: number) => {
    const [lr, momentum] = [schedule.lr(step), schedule.momentum(step)];
    return momentum === undefined ? { lr } : { lr, momentum };
  };

  /** Sets the numbers of the next update, and records the optimizer's own momentum if they replace it. */
  const apply = (optimizer: OptimizerLike, hyper: Hyperparameters): void => {
    const own = applyHyperparameters(optimizer, hyper);
    if (hyper.momentum !== undefined && own !== undefined) progress.momentum = own;
  };

  /** A loaded model holds the momentum of the last update before it was saved. This names it as the schedule's. */
  const recallMomentum = (optimizer: OptimizerLike): void => {
    const { step, momentum } = progress;
    const kind = optimizerKind(optimizer);
    if (momentum === undefined || kind.momentum === null || step === 0) return;
    const current = (optimizer as OptimizerFields)[momentumField(kind)];
    if (current === schedule.momentum(step - 1)) setOwnMomentum(optimizer, momentum);
  };

  // The hooks are closures, because tfjs may call them on another object.
  class CyclicCallback extends tf.Callback implements CyclicLR {
    get step(): number {
      return progress.step;
    }

    stopAtTrough = (): void => {
      if (!Number.isFinite(schedule.at(progress.step).cycleEnd)) throw noTrough();
      stopping = true;
    };

    override setModel(container: tfjs.LayersModel): void {
      if (model !== null && model !== container && isTraining(model)) {
        throw fail({
          expected: 'a callback of cyclicLR to train one model at a time',
          received: 'a second model, while `fit` of the first is running',
          advice: 'Make a callback for each model: cyclicLR(policy).',
        });
      }
      super.setModel(container);
      model = container;
    }

    override onTrainBegin = async (): Promise<void> => {
      if (model === null) {
        throw fail({
          expected: 'tfjs to pass the model to cyclicLR',
          received: 'training by a copy of tfjs other than the one that @clr/tfjs imports',
          advice: 'Pass the tfjs that made the model: cyclicLR(policy, { tf }).',
        });
      }
      recallMomentum(model.optimizer);
      apply(model.optimizer, hyperAt(progress.step));
      last = null;
      stopping = false;
      publishProgress(model, progress);
    };

    override onBatchBegin = async (): Promise<void> => {
      last = hyperAt(progress.step);
      // The model's current optimizer makes this update.
      if (model !== null) apply(model.optimizer, last);
    };

    override onBatchEnd = async (): Promise<void> => {
      if (model !== null) checkLastUpdate(model.optimizer);
      progress.step++;
      const { step } = progress;
      const wanted = step === target || (stopping && schedule.at(step - 1).cycleEnd === step);
      if (wanted && model !== null) {
        stopping = false;
        model.stopTraining = true;
      }
    };

    override onEpochEnd = async (_epoch: number, logs?: tfjs.Logs): Promise<void> => {
      if (logs && last) Object.assign(logs, last);
    };
  }
  return new CyclicCallback();
}

/** True while `fit` of a model is running; its types hide the field. */
const isTraining = (model: tfjs.LayersModel): boolean =>
  (model as unknown as { isTraining?: boolean }).isTraining === true;

function noTrough(): Error {
  return fail({
    expected: 'a schedule with cycles, to stop at the end of one',
    received: 'a schedule whose cycle never ends',
    advice: 'Use a cyclic policy, or give your own schedule an at(step) with a cycleEnd.',
  });
}

function checkCount(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw fail({
    expected: `${name} to be an integer of at least ${least}`,
    received: `${name} = ${String(value)}`,
    advice: 'Give `from` in updates, and a whole number of cycles.',
  });
}

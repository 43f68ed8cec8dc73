import { checkHyperparameters, type Policy, parsePolicy } from '@clr/core';
import type * as tfjs from '@tensorflow/tfjs';
import { fail } from './errors.ts';

/** The progress of a training run under a policy, saved with the model. */
export interface Progress {
  /** `null` if the schedule consists of functions, which cannot be stored. */
  readonly policy: Policy | null;
  /** Updates applied so far. */
  readonly step: number;
  /** The optimizer's own momentum (β₁ for Adam), if the policy has put another in its place. */
  readonly momentum?: number;
}

/** The part of a model that carries metadata. */
export interface MetadataHolder {
  getUserDefinedMetadata(): object;
  setUserDefinedMetadata(metadata: object): void;
}

/** A Sequential wraps another model, and callbacks receive the inner one. */
interface MaybeOuter extends MetadataHolder {
  readonly model?: MetadataHolder;
}

/** Adds a progress object to the model's metadata. Later changes to the object are saved too. */
export function publishProgress(model: MetadataHolder, progress: object): void {
  model.setUserDefinedMetadata({ ...model.getUserDefinedMetadata(), clr: progress });
}

const carrying = new WeakSet<object>();

/** Makes `save` of a Sequential include the progress that a callback wrote into the inner model. */
export function carryProgress({ LayersModel }: Pick<typeof tfjs, 'LayersModel'>): void {
  const prototype = LayersModel.prototype as unknown as { save(...args: unknown[]): unknown };
  if (carrying.has(prototype)) return;
  carrying.add(prototype);
  const { save } = prototype;
  prototype.save = function (this: MaybeOuter, ...args) {
    const progress = this.model && progressIn(this.model);
    if (progress) publishProgress(this, progress);
    return save.apply(this, args);
  };
}

function progressIn(model: Pick<MetadataHolder, 'getUserDefinedMetadata'>): Partial<Progress> | undefined {
  return (model.getUserDefinedMetadata() as { clr?: Partial<Progress> } | undefined)?.clr;
}

/**
 * The training progress of a model, from the metadata that {@link cyclicLR} writes and
 * `model.save()` stores; `null` if the model was never trained with `cyclicLR`.
 *
 * @throws {PolicyError | ClrError} if the metadata was damaged, or if it is not a model
 *
 * @example
 * ```ts
 * await model.fit(xs, ys, { epochs: 3, callbacks: cyclicLR(policy) });
 * savedProgress(model).step; // 3
 * ```
 */
export function savedProgress(model: Pick<MetadataHolder, 'getUserDefinedMetadata'>): Progress | null {
  if (typeof model?.getUserDefinedMetadata !== 'function') {
    throw fail({
      expected: 'a tf.LayersModel',
      received: model === null ? 'null' : `a value of the type ${typeof model}`,
      advice: 'Load it with tf.loadLayersModel().',
    });
  }
  const { model: inner } = model as MaybeOuter;
  const saved = (inner && progressIn(inner)) ?? progressIn(model);
  if (saved == null) return null;
  const { policy, step, momentum } = saved;
  if (!Number.isSafeInteger(step) || (step as number) < 0) {
    throw fail({
      expected: 'the saved clr.step to be an integer of at least 0',
      received: `step = ${String(step)}`,
      advice: "Do not change the model's user-defined metadata under `clr`.",
    });
  }
  if (momentum !== undefined) checkHyperparameters({ lr: 0, momentum });
  return {
    policy: policy == null ? null : parsePolicy(policy),
    step: step as number,
    ...(momentum !== undefined && { momentum }),
  };
}

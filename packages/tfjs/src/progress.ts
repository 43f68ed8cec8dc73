import { type Policy, parsePolicy } from '@clr/core';
import { fail } from './errors.ts';

/** Where a training under a policy stands: what travels with a saved model. */
export interface Progress {
  /** `null` when the schedule was functions, which cannot be stored. */
  readonly policy: Policy | null;
  /** Updates applied so far. */
  readonly step: number;
}

/** As much of a model as carries metadata. */
export interface MetadataHolder {
  getUserDefinedMetadata(): object;
  setUserDefinedMetadata(metadata: object): void;
}

/** Writes a progress beside whatever else is in the model's metadata; later changes of it are seen there. */
export function publishProgress(model: MetadataHolder, progress: Progress): void {
  model.setUserDefinedMetadata({ ...model.getUserDefinedMetadata(), clr: progress });
}

/**
 * Where the training of a model stands, from the metadata that {@link cyclicLR} keeps in it and that
 * `model.save()` stores; `null` if it was never trained with it.
 *
 * @throws {PolicyError | ClrError} if the metadata was damaged
 *
 * @example
 * ```ts
 * const model = await tf.loadLayersModel('indexeddb://digits');
 * savedProgress(model)?.step; // 1200
 * ```
 */
export function savedProgress(model: Pick<MetadataHolder, 'getUserDefinedMetadata'>): Progress | null {
  const saved = (model.getUserDefinedMetadata() as { clr?: Partial<Progress> } | undefined)?.clr;
  if (saved === undefined) return null;
  const { policy, step } = saved;
  if (!Number.isSafeInteger(step) || (step as number) < 0) {
    fail({
      expected: 'the saved clr.step to be an integer of at least 0',
      received: `step = ${String(step)}`,
      advice: "Leave the model's user-defined metadata under `clr` alone.",
    });
  }
  return { policy: policy == null ? null : parsePolicy(policy), step: step as number };
}

import { type AverageState, checkOptionNames } from '@clr/core';
import { fail, inWords } from './errors.ts';

/** Everything a run needs to resume: pass it as `from` to core's `train` or `autoClr`. */
export interface Checkpoint<S extends object = object> {
  /** The step at which the run resumes: the number of updates applied. */
  readonly step: number;
  /** The result of the adapter's `snapshot()`: plain data with typed arrays. */
  readonly snapshot: S;
  /** The average of the weights, if the run keeps one (the option `average` of `train`). */
  readonly average?: AverageState;
  /** The rest of a run of `autoClr`, if it is one. */
  readonly autoClr?: object;
  /** Anything else the run needs, as JSON: its policy, the seed of its batches, … */
  readonly extra?: unknown;
}

/** A place that holds one checkpoint: a file or an entry of IndexedDB. */
export interface CheckpointStore {
  /** Replaces the checkpoint. At every moment, the old or the new one is complete. */
  save(checkpoint: Checkpoint): Promise<void>;
  /** The last saved checkpoint, or `undefined` if there is none. */
  load(): Promise<Checkpoint | undefined>;
}

/** Throws if a checkpoint has no step, no snapshot, an invalid average, or an invalid state of `autoClr`. */
export function checkCheckpoint(checkpoint: Checkpoint): void {
  const names = ['step', 'snapshot', 'average', 'autoClr', 'extra'] as const;
  const given = checkOptionNames('clr/checkpoint', 'a checkpoint', checkpoint, names);
  const { step, snapshot, average, autoClr } = given;
  if (!Number.isSafeInteger(step) || step < 0) {
    throw fail(
      'step to be an integer of at least 0',
      `step = ${inWords(step)}`,
      'Pass the step at which the run resumes.',
    );
  }
  if (typeof snapshot !== 'object' || snapshot === null) {
    throw fail(
      'a snapshot',
      `snapshot = ${inWords(snapshot)}`,
      'Pass the result of snapshot() of the adapter.',
    );
  }
  if (autoClr !== undefined && (typeof autoClr !== 'object' || autoClr === null)) {
    const advice = 'Save the checkpoint that `autoClr` passes to `save`, unchanged.';
    throw fail('a state of `autoClr`', `autoClr = ${inWords(autoClr)}`, advice);
  }
  if (average === undefined) return;
  const { type, snapshots } = average ?? {};
  if ((type === 'ema' || type === 'lawa') && Array.isArray(snapshots)) return;
  const advice = 'Save the checkpoint that `train` passes to `save`, unchanged.';
  throw fail('an average of `train`', `average = ${inWords(average)} of the type ${inWords(type)}`, advice);
}

import { fail, inWords } from './errors.ts';

/** Everything a run needs to resume: pass it as `from` to core's `train`. */
export interface Checkpoint<S extends object = object> {
  /** The step at which the run resumes: the number of updates applied. */
  readonly step: number;
  /** The result of the adapter's `snapshot()`: plain data with typed arrays. */
  readonly snapshot: S;
  /** Anything else the run needs, as JSON: its policy, the seed of its batches, … */
  readonly extra?: unknown;
}

/** A place that holds one checkpoint: a file or an entry of IndexedDB. */
export interface CheckpointStore {
  /** Replaces the checkpoint. Whatever happens, the old or the new one is there, complete. */
  save(checkpoint: Checkpoint): Promise<void>;
  /** The last saved checkpoint, or `undefined` if there is none. */
  load(): Promise<Checkpoint | undefined>;
}

/** Throws if a checkpoint has no step or no snapshot. */
export function checkCheckpoint(checkpoint: Checkpoint): void {
  const { step, snapshot } = checkpoint ?? {};
  if (!Number.isSafeInteger(step) || step < 0) {
    throw fail(
      'step to be an integer of at least 0',
      `step = ${inWords(step)}`,
      'Pass the step at which the run resumes.',
    );
  }
  if (typeof snapshot !== 'object' || snapshot === null) {
    throw fail('a snapshot', `snapshot = ${inWords(snapshot)}`, 'Pass what snapshot() of the adapter gave.');
  }
}

import { fail } from './errors.ts';

/** What a run needs to go on: `from` of core's `train`. */
export interface Checkpoint<S extends object = object> {
  /** The step the run goes on with: the number of updates applied. */
  readonly step: number;
  /** What `snapshot()` of the adapter gave: plain data with typed arrays in it. */
  readonly snapshot: S;
  /** Anything else the run needs, as JSON: its policy, the seed of its batches. */
  readonly extra?: unknown;
}

/** A place where one checkpoint is kept: a file, an entry of IndexedDB. */
export interface CheckpointStore {
  /** Puts a checkpoint in the place of the one before; whatever happens, one of the two is there, whole. */
  save(checkpoint: Checkpoint): Promise<void>;
  /** The checkpoint that was saved last, or `undefined` when there is none. */
  load(): Promise<Checkpoint | undefined>;
}

/** Throws where a checkpoint has no step or no snapshot. */
export function checkCheckpoint({ step, snapshot }: Checkpoint): void {
  if (!Number.isSafeInteger(step) || step < 0) {
    throw fail(
      'step to be an integer of at least 0',
      `step = ${String(step)}`,
      'Pass the step to go on with.',
    );
  }
  if (typeof snapshot !== 'object' || snapshot === null) {
    throw fail('a snapshot', `snapshot = ${String(snapshot)}`, 'Pass what snapshot() of the adapter gave.');
  }
}

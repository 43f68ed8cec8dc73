import type { AbortSignalLike } from './abortSignal.ts';

/**
 * A group of processes that train one model together, from the view of one of them. An adapter that takes a `reduce`
 * option calls it, and `@clr/mpi` implements it. Every process must make the same calls in the same order.
 */
export interface Reduce {
  /** This process, from 0 to `size - 1`. */
  readonly rank: number;
  /** The number of processes. */
  readonly size: number;
  /** Replaces each vector by its sum over all processes, in place. The sums are bit-identical on every process. */
  sum(vectors: readonly (Float32Array | Float64Array)[]): void | Promise<void>;
  /** Replaces each vector by the vector of the process `root`, in place. */
  broadcast(vectors: readonly (Float32Array | Float64Array)[], root: number): void | Promise<void>;
  /** Returns true if `ok` is true on every process, so that all processes learn of a failure on one of them. */
  all(ok: boolean): boolean | Promise<boolean>;
  /**
   * Optional: a signal for `train`, `rangeTest` and `autoClr` that aborts on all processes after the same step if any
   * of them wants to stop.
   */
  readonly signal?: AbortSignalLike;
}

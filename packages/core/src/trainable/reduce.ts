import type { AbortSignalLike } from './abortSignal.ts';

/**
 * The processes that train one model together, as one of them sees them. An adapter that takes a `reduce` option calls it;
 * `@clr/mpi` implements it. Every process must make the same calls in the same order.
 */
export interface Reduce {
  /** This process, from 0 to `size - 1`. */
  readonly rank: number;
  /** The number of processes. */
  readonly size: number;
  /** Replaces each vector by its sum over all processes, in place. The bits are the same on every process. */
  sum(vectors: readonly (Float32Array | Float64Array)[]): void | Promise<void>;
  /** Replaces each vector by that of process `root`, in place. */
  broadcast(vectors: readonly (Float32Array | Float64Array)[], root: number): void | Promise<void>;
  /** Whether `ok` is true on every process: how a failure on one reaches all of them. */
  all(ok: boolean): boolean | Promise<boolean>;
  /**
   * Optional: a signal for `train`, `rangeTest` and `autoClr` that aborts on all processes after the same step, when any
   * of them wants to stop.
   */
  readonly signal?: AbortSignalLike;
}

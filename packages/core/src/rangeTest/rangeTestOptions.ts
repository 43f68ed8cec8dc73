import type { AbortSignalLike } from '../trainable/abortSignal.ts';
import type { BatchPass } from '../trainable/batches.ts';
import type { RangeTestPoint } from './trace.ts';

/** Options of `rangeTest`. */
export interface RangeTestOptions<Batch> {
  /** The first rate of one plain sweep (0 is allowed when the spacing is linear). Default 1e-6 for such a sweep. */
  readonly startLr?: number;
  /** The last rate of one plain sweep. Default 10 for such a sweep. */
  readonly endLr?: number;
  /**
   * The number of steps of the whole test, at least 2; 100 are too few for a reliable result. By default a test takes
   * 200 steps, and 400 more if the result is in doubt. One plain sweep takes 400 steps by default.
   */
  readonly steps?: number;
  /**
   * The spacing of one plain sweep: equal ratios from step to step or, as in the paper, equal differences. Default
   * `'exponential'`.
   */
  readonly spacing?: 'linear' | 'exponential';
  /**
   * Probing: try each rate separately, with this many updates from the starting state, instead of one run with a rising
   * rate. Use it for a model that is already trained, because a sweep would spoil it before it reaches the rates that
   * matter. It takes `steps · updatesPerRate` updates. 40 steps of 5 updates each are a good start.
   */
  readonly updatesPerRate?: number;
  /**
   * Batches to evaluate on, about 20 times along the sweep. When probing, the model is evaluated after every rate, by
   * default on the next `updatesPerRate` training batches.
   */
  readonly validation?: BatchPass<Batch>;
  /**
   * Measure the batch sharpness during the fine sweep, as a second opinion in `reasons`. It costs three gradients for
   * each of at most 8 batches. It needs a coarse sweep, so no rates may be given. Default: true if the Trainable
   * supports it.
   */
  readonly sharpness?: boolean;
  /** Stops cleanly between two steps. The trace so far is returned. */
  readonly signal?: AbortSignalLike;
  /** Called for every step in order, a few steps late if losses are promises. Each sweep counts from 0. */
  readonly onStep?: (point: RangeTestPoint) => void | Promise<void>;
}

import type { OptimizerState } from './optimizerState.ts';
import type { TensorData } from './tensorData.ts';

/** A weight in a snapshot. */
export interface SavedWeight extends TensorData {
  /** Identifies a weight in every instance of the model, as in {@link NamedVariable}. */
  readonly place: string;
}

/**
 * The result of `snapshot()`: weights, states of recurrent layers, optimizer slots and counters by name. It is plain
 * data that can be cloned, stored in IndexedDB or sent to a worker.
 */
export interface TfjsSnapshot {
  /** The version of this format. */
  readonly version: 2;
  /** Tells snapshots of this adapter from others. */
  readonly adapter: 'tfjs';
  /** The model's layers, a line each. Absent for a loop written with the Core API. */
  readonly topology?: readonly string[];
  /** All weights of the model, trained or not. */
  readonly weights: readonly SavedWeight[];
  /** The places of the trained weights. */
  readonly trained: readonly string[];
  /** The states of stateful recurrent layers. */
  readonly states: readonly SavedWeight[];
  /** The state of the optimizer. */
  readonly optimizer: OptimizerState;
}

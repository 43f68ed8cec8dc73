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
  readonly version: 2;
  readonly adapter: 'tfjs';
  /** The model's layers, a line each. Absent for a loop over the Core API. */
  readonly topology?: readonly string[];
  readonly weights: readonly SavedWeight[];
  /** The places of the trained weights. */
  readonly trained: readonly string[];
  /** The states of stateful recurrent layers. */
  readonly states: readonly SavedWeight[];
  readonly optimizer: OptimizerState;
}

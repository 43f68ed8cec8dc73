import type { UpdateKind } from '../optimizers/updateKind.ts';

/**
 * The hyperparameters of one training step. In a call from `train`, it also holds the hyperparameters that {@link
 * Trainable.hyperparameters} lists and `hyper` sets.
 */
export interface Hyperparameters {
  /** The learning rate of this step. */
  readonly lr: number;
  /** The momentum (β₁ for Adam) of this step. If it is absent, the optimizer's own momentum is used. */
  readonly momentum?: number;
  /** The weight decay λ of this step, at least 0. If it is absent, the optimizer's own weight decay is used. */
  readonly weightDecay?: number;
  /**
   * The global norm, above 0, to which longer gradients are scaled down. If it is absent, the adapter's own norm is
   * used, or nothing is clipped.
   */
  readonly clipNorm?: number;
}

/** The result of one training step: the metrics of its batch **before** the update. */
export interface StepResult {
  /** The batch's mean loss. If it is a promise, the device can run ahead, because core reads the promise late. */
  readonly loss: number | Promise<number>;
  /** The share of the batch that was classified right, in [0, 1]. */
  readonly accuracy?: number | Promise<number>;
}

/** The result of an evaluation: means over all examples. */
export interface Metrics {
  /** The mean loss over all examples. */
  readonly loss: number;
  /** The share of examples classified right, in [0, 1]. */
  readonly accuracy?: number;
}

/**
 * The weights of a batch's means when several batches are averaged: what the loss and the accuracy of the batch were
 * divided by. They differ from the number of examples if classes have weights, or if some positions are ignored.
 */
export interface MetricWeights {
  /** The weight of the mean loss, above 0. */
  readonly loss: number;
  /** The weight of the accuracy, above 0. */
  readonly accuracy: number;
}

/** A model's outputs for one batch. */
export interface Prediction {
  /** The model's outputs, example after example: probabilities if it classifies. */
  readonly outputs: Float32Array;
  /** Scores outputs (these, or an ensemble's mean) against the targets of the batch. */
  score(outputs: Float32Array): Metrics | Promise<Metrics>;
  /** The number of examples in the batch. */
  readonly examples: number;
  /** The weights of the scores, if they are not means over the examples. Default: the number of examples. */
  readonly weights?: MetricWeights;
}

/**
 * The whole state of a {@link Trainable}: weights, optimizer slots, counters. It is opaque to core. The documentation
 * of the adapter says whether it can be stored.
 */
export type Snapshot = object;

/** Options of {@link Trainable.restore}. */
export interface RestoreOptions {
  /**
   * Restore the tensors that fit by name, type and shape, and leave the others as they are. Default false: a snapshot
   * of another model or optimizer is an error.
   */
  readonly partial?: boolean;
}

/**
 * One model with one optimizer. Adapters implement it for core.
 *
 * Calls never overlap. Core waits for `trainStep` to return before the next call, but not for the promises in its
 * result. Before `snapshot`, `restore` or `evaluate`, core waits for every promise in every result.
 *
 * @typeParam Batch - the adapter's input for one step
 */
export interface Trainable<Batch> {
  /** The kind of update that the optimizer makes, if the adapter knows it. `analyzeRangeTest` uses it. */
  readonly updateKind?: UpdateKind;
  /**
   * The momentum (β₁ of Adam) of a step that does not set one, if the adapter knows it. It is 0 if there is no
   * velocity.
   */
  readonly momentum?: number;
  /**
   * The names of the hyperparameters that a step takes besides `lr`, such as `'momentum'` and `'weightDecay'`. `train`
   * refuses any others in `hyper` before its first step. If this is absent, `train` refuses all names.
   */
  readonly hyperparameters?: readonly string[];
  /**
   * Makes one update with exactly these hyperparameters. If they or the batch are bad, it throws before it changes
   * the model.
   */
  trainStep(batch: Batch, hyper: Hyperparameters): StepResult | Promise<StepResult>;
  /** Means over the batches, weighted by examples. Changes nothing. */
  evaluate(batches: Iterable<Batch> | AsyncIterable<Batch>): Promise<Metrics>;
  /** A copy of the whole state, independent of all later steps. */
  snapshot(): Promise<Snapshot>;
  /**
   * Restores a state by the names of its tensors, bit for bit. The snapshot stays usable. A snapshot that does not fit
   * is refused before anything changes, and the error says what differs. With `partial`, the tensors that fit are
   * restored, and a snapshot is refused if none fits.
   */
  restore(snapshot: Snapshot, options?: RestoreOptions): Promise<void>;
  /**
   * Optional: the outputs for a batch in inference mode. Changes nothing. `ensemble` needs this method.
   */
  predictBatch?(batch: Batch): Promise<Prediction>;
  /**
   * Optional: returns a state whose weights are the weighted means of the weights in `snapshots`. Snapshot i counts
   * `weights[i]` times, or once if there are no `weights` (see `averagingWeights`). Optimizer slots and counters come
   * from the last snapshot. Running statistics are averaged, or come from the last snapshot too. Changes nothing.
   * `averageWeights` needs this method.
   */
  average?(snapshots: readonly Snapshot[], weights?: readonly number[]): Promise<Snapshot>;
  /** Optional, for models with running statistics: updates only these from one batch, as in training. */
  renewStatistics?(batch: Batch): Promise<void>;
  /**
   * Optional: the metrics of the best constant answer to the targets of these batches, that is, of the same outputs
   * for every example. The result is undefined if the adapter cannot compute the answer for this loss. Changes
   * nothing. `rangeTest` compares the losses with these metrics: a model that starts far above them, or never gets
   * below them, has learned nothing. `constantAnswer` of core computes them.
   */
  constantAnswer?(batches: Iterable<Batch> | AsyncIterable<Batch>): Promise<Metrics | undefined>;
  /**
   * Optional: the batch sharpness. It is the curvature of a batch's loss along the update that the batch would make
   * without momentum and weight decay. For plain SGD it is `gᵀHg / |g|²`, with the gradient g and the Hessian H. It
   * is NaN if the gradient is 0. Changes nothing, and computes three gradients. Adapters compute it with
   * `directionalSharpness`; `batchSharpness` and `rangeTest` use it.
   */
  batchSharpness?(batch: Batch): Promise<number>;
  /**
   * Optional: names the first value of a batch that is not finite: `input "x" of example 3 is NaN at [2]`. The result
   * is undefined if all are finite. `train` and `rangeTest` call it if a loss is not finite, and record the result as
   * the step's `fault`.
   */
  dataFault?(batch: Batch): string | undefined | Promise<string | undefined>;
  /** Frees the adapter's resources. */
  dispose(): void | Promise<void>;
}

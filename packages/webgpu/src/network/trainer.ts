import type {
  Hyperparameters,
  Metrics,
  Optimizer,
  Prediction,
  RestoreOptions,
  ScheduleLike,
  StepResult,
  Trainable,
} from '@clr/core';
import type { GpuOptimizer } from '../optimizer/createOptimizer.ts';
import type { OptimizerOptions } from '../optimizer/engine.ts';
import type { GpuSnapshot } from '../train/snapshot.ts';

/** A batch in host memory. */
export interface Batch {
  /** The examples one after another, each in the order row, column, channel. A byte means `value / 255`. */
  readonly input: Float32Array | Uint8Array;
  /** Class indices for cross-entropy. For mse, the wanted outputs of one example after another. */
  readonly target: ArrayLike<number>;
}

/** Options of `createTrainer`. */
export interface TrainerOptions extends OptimizerOptions {
  /** The optimizer, made by `sgd()`, `adam()` and others of `@clr/core`. */
  readonly optimizer: Optimizer;
  /** Gives `trainSteps` its rates. `trainStep` takes its rate from the caller. */
  readonly policy?: ScheduleLike;
  /** Examples per step. */
  readonly batch: number;
  /** Decides the initial weights, the order of examples and the dropout masks: an integer of 32 bits. Default 0. */
  readonly seed?: number;
  /**
   * Each thread of a dense or convolution kernel computes `tile × tile` numbers. The default, 4, suits every device.
   * `'measure'` times 4 and 8 on this adapter before the trainer is made, and takes the faster one. The order of sums
   * does not depend on the tile.
   */
  readonly tile?: 4 | 8 | 'measure';
}

/** The result of `trainSteps`: one number per step. */
export interface StepsResult {
  /** The policy's step at the first of these steps. */
  readonly from: number;
  /** The mean loss of each step's batch before the update. */
  readonly losses: Float32Array;
  /** The accuracy on each step's batch before the update. Given only with cross-entropy. */
  readonly accuracies?: Float32Array;
}

/** A tensor in host memory. */
export interface HostTensor {
  /** The sizes of its axes. */
  readonly dims: readonly number[];
  /** Its numbers in row-major order. */
  readonly data: Float32Array;
}

/** A network with an optimizer on a device; see `createTrainer`. */
export interface GpuTrainer extends Trainable<Batch> {
  /** The optimizer on the device. It holds the step counter. */
  readonly optimizer: GpuOptimizer;
  /** The names of the hyperparameters that a step takes besides `lr`. */
  readonly hyperparameters: readonly string[];
  /**
   * Makes one update on the device with exactly these hyperparameters, and returns at once. The promised loss and
   * accuracy are those of the batch before the update.
   */
  trainStep(batch: Batch, hyper: Hyperparameters): StepResult;
  /** Mean loss and accuracy over the batches in inference mode, weighted by examples. Changes nothing. */
  evaluate(batches: Iterable<Batch> | AsyncIterable<Batch>): Promise<Metrics>;
  /** The whole state in host memory: plain data that may be stored, and restored on another device. */
  snapshot(): Promise<GpuSnapshot>;
  /**
   * Restores weights and statistics by name. Refuses a snapshot that does not fit before anything changes, and says
   * what differs.
   */
  restore(snapshot: object, options?: RestoreOptions): Promise<void>;
  /** Loads examples into device memory for {@link trainSteps}. They replace earlier examples. */
  setData(data: Batch): void;
  /**
   * Takes `count` steps under the policy. Each step uses the next examples of {@link setData}, in an order that is
   * shuffled for each epoch. All steps are encoded and submitted at once, up to 1024 in one submission, and nothing
   * is written or read between them. The result arrives when the device is done. More steps may be submitted before
   * that.
   */
  trainSteps(count: number): Promise<StepsResult>;
  /** The network's outputs for any number of examples, one after another. */
  predict(input: Float32Array | Uint8Array): Promise<Float32Array>;
  /** The outputs for a batch as `ensemble` needs them: probabilities if the network classifies. */
  predictBatch(batch: Batch): Promise<Prediction>;
  /**
   * The metrics that a model would have if it gave the best single output for all examples of these batches. The
   * trainer does not change.
   */
  constantAnswer(batches: Iterable<Batch> | AsyncIterable<Batch>): Promise<Metrics>;
  /** The last snapshot with its weights replaced by the weighted means of the weights of all snapshots. */
  average(snapshots: readonly object[], weights?: readonly number[]): Promise<GpuSnapshot>;
  /** All weights and running statistics by name. */
  parameters(): Promise<Map<string, HostTensor>>;
  /** Sets weights and running statistics by name. All others stay as they are. */
  setParameters(tensors: Iterable<readonly [name: string, data: ArrayLike<number>]>): void;
  /** The gradients of a batch by name, without an update. */
  gradients(batch: Batch): Promise<Map<string, HostTensor>>;
}

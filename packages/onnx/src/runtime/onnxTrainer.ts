import type { Hyperparameters, StepResult, Trainable } from '@clr/core';
import type { Forms } from '../lower/question.ts';
import type { UntrainedTensor } from '../training/trainingModel.ts';
import type { ExportOptions } from './checkExport.ts';
import type { Batch } from './ort.ts';
import type { OnnxSnapshot } from './snapshot.ts';

/** The shape and the elements (row-major) of a parameter or gradient. */
export interface ParameterData {
  /** The sizes of its axes. */
  readonly dims: number[];
  /** Its elements in row-major order. */
  readonly data: Float32Array;
}

/** An ONNX model with its optimizer, as a `Trainable` of core. */
export interface OnnxTrainer extends Trainable<Batch> {
  /** The names of the hyperparameters that a step takes besides `lr`. */
  readonly hyperparameters: readonly string[];
  /**
   * Makes one update. Several batches count as one large batch (gradient accumulation): their gradients are averaged,
   * weighted by size, before the update. Batch normalisation still sees each batch separately. The returned loss is the
   * loss before the update. It is NaN if the update makes a parameter or running statistic NaN or infinite, even if the
   * forward pass would hide that. `train` and `rangeTest` then stop as diverged.
   *
   * A batch is not copied, because copying would take up to three quarters of the time of a small step. Changing its
   * data before the promise resolves changes the result. Afterwards the same memory may hold the next batch. (`train()`
   * waits for each step.)
   */
  trainStep(batch: Batch | readonly Batch[], hyper: Hyperparameters): Promise<StepResult>;
  /** The whole state as plain data that may be stored: weights, running statistics, optimizer slots and counters. */
  snapshot(): Promise<OnnxSnapshot>;
  /**
   * The last snapshot with its weights and running statistics replaced by the weighted means of those of all
   * snapshots. Snapshot i counts `weights[i]` times, or once if there are no `weights`.
   */
  average(snapshots: readonly object[], weights?: readonly number[]): Promise<OnnxSnapshot>;
  /**
   * Float tensors with more than one element that reach the loss but are not trained, each with the reason: masks that
   * are not finite, quantisation scales, constants of a formula. `trainable` can select them.
   */
  readonly untrained: readonly UntrainedTensor[];
  /**
   * The chosen form of each node that has several forms, that is, several ways to write it as ONNX operators. The
   * choice was measured, or made by a rule of thumb. It is plain data, and can be passed as the option `forms` to
   * another trainer on the same machine.
   */
  readonly forms: Forms;
  /** Copies of the trained weights' current values, by name. */
  parameters(): Promise<Map<string, ParameterData>>;
  /** The gradients of a batch's loss, by parameter. The trainer does not change. */
  gradients(batch: Batch): Promise<Map<string, ParameterData>>;
  /**
   * The batch sharpness: the curvature of the batch's loss along its update without momentum and weight decay. For
   * plain SGD it is `gᵀHg / |g|²`, with the gradient g and the Hessian H. NaN if the gradient is 0. Changes nothing.
   */
  batchSharpness(batch: Batch): Promise<number>;
  /** Describes the first value of a batch that is not finite: `"image" of example 3 is NaN at [0, 14, 5]`. */
  dataFault(batch: Batch | readonly Batch[]): string | undefined;
  /**
   * Returns the original model with the trained weights and running statistics. Every other byte is unchanged. Refuses
   * weights that training has made NaN or infinite, unless `nonFinite` is set.
   */
  exportModel(options?: ExportOptions): Promise<Uint8Array>;
}

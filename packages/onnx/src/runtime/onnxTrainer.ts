import type { Hyperparameters, StepResult, Trainable } from '@clr/core';
import type { Forms } from '../lower/question.ts';
import type { UntrainedTensor } from '../training/trainingModel.ts';
import type { ExportOptions } from './checkExport.ts';
import type { Batch } from './ort.ts';
import type { OnnxSnapshot } from './snapshot.ts';

/** A parameter's or gradient's shape and elements, row-major. */
export interface ParameterData {
  /** The sizes of its axes. */
  readonly dims: number[];
  /** Its numbers, the last axis running fastest. */
  readonly data: Float32Array;
}

/** An ONNX model with its optimizer, as core trains it. */
export interface OnnxTrainer extends Trainable<Batch> {
  readonly hyperparameters: readonly string[];
  /**
   * One update. Several batches count as one large batch (gradient accumulation): their gradients are
   * averaged, each by its size, before the update. Batch normalisation still sees each batch by itself.
   * The loss is the one before the update. It is NaN if the update leaves a parameter or running statistic that is not
   * finite, even if the forward pass would hide it: `train` and `rangeTest` then stop as diverged.
   *
   * A batch is not copied (copying takes up to three quarters of a small step): changing its data before the promise
   * resolves changes the result. Afterwards the same memory may hold the next batch; `train()` waits for each step.
   */
  trainStep(batch: Batch | readonly Batch[], hyper: Hyperparameters): Promise<StepResult>;
  snapshot(): Promise<OnnxSnapshot>;
  average(snapshots: readonly object[], weights?: readonly number[]): Promise<OnnxSnapshot>;
  /**
   * Float tensors of more than one element that reach the loss and are not trained, each with the reason: masks that
   * are not finite, quantisation scales, constants of a formula. `trainable` can name them.
   */
  readonly untrained: readonly UntrainedTensor[];
  /**
   * In which forms the nodes of this model are written that have several: what was measured, or the rule of thumb. Plain
   * data, for the option `forms` of another trainer on the same machine.
   */
  readonly forms: Forms;
  /** The current values of the trained weights, by name; copies. */
  parameters(): Promise<Map<string, ParameterData>>;
  /** The gradients of the loss of a batch, by parameter; changes nothing. */
  gradients(batch: Batch): Promise<Map<string, ParameterData>>;
  batchSharpness(batch: Batch): Promise<number>;
  /** Names the first value of a batch that is not finite: `"image" of example 3 is NaN at [0, 14, 5]`. */
  dataFault(batch: Batch | readonly Batch[]): string | undefined;
  /**
   * The original model with the trained weights and running statistics; every other byte is the same. Refuses weights that
   * a run has made NaN or infinite, unless `nonFinite` asks for them.
   */
  exportModel(options?: ExportOptions): Promise<Uint8Array>;
}

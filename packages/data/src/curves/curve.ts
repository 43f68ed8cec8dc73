import type { LossSmoothing, RangeTestTrace } from '@clr/core';

/** The tool that wrote a curve, if the file shows it. */
export type CurveSource =
  | 'clr'
  | 'fastai'
  | 'pytorch-lr-finder'
  | 'Lightning'
  | 'Keras'
  | 'TensorBoard'
  | 'Weights & Biases'
  | 'MLflow'
  | 'Transformers'
  | 'JSON'
  | 'CSV';

/** Options of `readCurve`, which override its guesses. */
export interface CurveOptions {
  /** The file's name in error messages. Default: `the file`. */
  readonly name?: string;
  /** The column, key or tag of the learning rate. */
  readonly lr?: string;
  /** The column, key or tag of the loss. */
  readonly loss?: string;
  /** How the tool smoothed the losses. */
  readonly smoothing?: LossSmoothing;
}

/** A range test from a file of any tool. */
export interface Curve {
  /** The rates and losses, as `rangeTest` would have recorded them. */
  readonly trace: RangeTestTrace;
  /** The tool that wrote the file. */
  readonly source: CurveSource;
  /** What was guessed, as sentences. */
  readonly notes: readonly string[];
}

/** One series of numbers in a file, with the step of each value. NaN and infinities are `null`. */
export interface Column {
  readonly name: string;
  readonly steps: readonly number[];
  readonly values: readonly (number | null)[];
}

/** The content of a file, before the columns of the rate and the loss are chosen. */
export interface CurveTable {
  readonly source: CurveSource;
  readonly columns: readonly Column[];
  /** How the tool smooths its losses, if this is known. */
  readonly smoothing?: LossSmoothing;
  readonly notes?: readonly string[];
}

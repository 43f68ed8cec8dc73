import type { LossSmoothing, RangeTestTrace } from '@clr/core';

/** The tool that wrote a curve, as far as the file tells. */
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

/** Options of `readCurve`: they override what is guessed. */
export interface CurveOptions {
  /** How error messages call the file. Default: `the file`. */
  readonly name?: string;
  /** The column, key or tag of the learning rate. */
  readonly lr?: string;
  /** The column, key or tag of the loss. */
  readonly loss?: string;
  /** How the tool smoothed the losses. */
  readonly smoothing?: LossSmoothing;
}

/** A range test read from a file of any tool. */
export interface Curve {
  readonly trace: RangeTestTrace;
  readonly source: CurveSource;
  /** What was guessed, as sentences. */
  readonly notes: readonly string[];
}

/** One series of numbers, as a file holds it: the step of each value. NaN and infinities are `null`. */
export interface Column {
  readonly name: string;
  readonly steps: readonly number[];
  readonly values: readonly (number | null)[];
}

/** What a file holds before anything is chosen of it. */
export interface CurveTable {
  readonly source: CurveSource;
  readonly columns: readonly Column[];
  /** How this tool smooths, where it is known to. */
  readonly smoothing?: LossSmoothing;
  readonly notes?: readonly string[];
}

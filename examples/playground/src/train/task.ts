import type { Dataset } from '@clr/data';
import type { Loss } from '@clr/onnx';

/** Examples of a dataset. */
export interface Part {
  readonly dataset: Dataset;
  readonly rows: Uint32Array;
}

/** A model with examples that fit it. */
export interface Task {
  readonly name: string;
  readonly model: Uint8Array;
  readonly loss: Loss;
  readonly train: Part;
  readonly validation: Part;
  /** Selects the trained weights. Default: all. */
  readonly trainable?: (name: string) => boolean;
  /** Converts the trained file to the file to save. */
  readonly finish: (trained: Uint8Array) => Uint8Array;
  /** Pictures to show: the first of the validation examples, 28 × 28 bytes each, and their labels. */
  readonly samples?: { readonly images: Uint8Array; readonly answers: readonly number[] };
  readonly notes: readonly string[];
}

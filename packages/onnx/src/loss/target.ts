import type { Dim } from '../graph/dim.ts';

/** The target of a loss: its declaration, and `of`, the value whose shape it follows. */
export interface Target {
  readonly name: string;
  readonly type: number;
  readonly dims: readonly Dim[];
  readonly of: string;
  /** The axis of `of` for each axis of the target. It is −1 for an axis of any size, such as the labels of CTC. */
  readonly axes: readonly number[];
  /** The number of classes, for losses over classes. */
  readonly classes?: Dim;
  /** The axis of the classes. */
  readonly axis?: number;
  /** A label that is ignored. */
  readonly ignored?: number | undefined;
  /** The weight of each class, for class indices. */
  readonly classWeights?: readonly number[] | undefined;
  /** The shapes that targets would have with the classes on other axes. */
  readonly others?: readonly (readonly Dim[])[];
}

/** One loss on one output, as values of the graph. */
export interface TermHead {
  /** The mean loss, a scalar. */
  readonly loss: string;
  /** The share of correct predictions, a scalar. */
  readonly accuracy?: string;
  /** The model's prediction; probabilities for classifiers. Absent if the model computes its own loss. */
  readonly outputs?: string;
  readonly target?: Target;
  /** The gradients of the loss with respect to values of the model. */
  readonly seeds: ReadonlyMap<string, string>;
}

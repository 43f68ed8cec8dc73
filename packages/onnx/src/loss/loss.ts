/**
 * Cross-entropy over the classes on one axis of the logits, as PyTorch's `cross_entropy` with `reduction='mean'`:
 * −Σ w[t]·log softmax(y)[t] / Σ w[t] over all positions whose label is not ignored.
 */
export interface CrossEntropyLoss {
  /** Selects the cross-entropy with options. */
  readonly type: 'crossEntropy';
  /**
   * The axis of the classes; −1 is the last. Default: 1, or where that axis is free and others are not, the last fixed
   * one (`[batch, tokens, 50257]`). Where the target's shape fits another axis too, the batch is refused: say which.
   */
  readonly axis?: number;
  /** A label that does not count, such as that of padding: −100. Default: none. */
  readonly ignoreIndex?: number;
  /** A weight for each class. Default: 1. */
  readonly classWeights?: readonly number[];
  /** The share ε of the target that is spread over all classes, in [0, 1). Default: 0. */
  readonly labelSmoothing?: number;
}

/** Huber's loss: ½·d² where |d| ≤ delta, else delta·(|d| − ½·delta); the mean over all elements. */
export interface HuberLoss {
  /** Selects Huber's loss with options. */
  readonly type: 'huber';
  /** Where the parabola becomes a line. Default: 1. */
  readonly delta?: number;
}

/**
 * Connectionist temporal classification, as PyTorch's `ctc_loss` with `reduction='mean'`: text from a picture or a sound whose
 * steps have no labels of their own. Logits [N, T, C]; the target holds labels [N, S] of int64, filled up with −1. All T
 * steps count. Where T steps are too few for the labels, the loss is infinite.
 */
export interface CtcLoss {
  /** Selects connectionist temporal classification with options. */
  readonly type: 'ctc';
  /** The class that stands for no label. Default: 0. */
  readonly blank?: number;
  /** 0 for logits [T, N, C], as PyTorch's own. Default: 1. */
  readonly timeAxis?: 0 | 1;
}

/** A loss of one output against a target. */
export type OutputLoss =
  | 'crossEntropy'
  | 'mse'
  | 'l1'
  | 'huber'
  | 'bceWithLogits'
  | 'ctc'
  | CtcLoss
  | CrossEntropyLoss
  | HuberLoss;

/** One of several losses that are added up. */
export interface LossTerm {
  /** The output that the loss is taken of, or, without `loss`, a scalar output that is a loss itself. */
  readonly output: string;
  /** The loss of that output. */
  readonly loss?: OutputLoss;
  /** Multiplies the loss. Default: 1. */
  readonly weight?: number;
  /** The name of the target in a batch. Default: `target.` and the output's name. */
  readonly target?: string;
}

/**
 * The loss to minimise: over the model's first output (or `output`), or computed by the model itself.
 *
 * - `'crossEntropy'`: logits [N, C, …] against int64 class indices [N, …] or a float distribution [N, C, …];
 *   the mean over all positions of −log softmax. A model that ends in Softmax or LogSoftmax over the classes
 *   is taken at its logits, also behind layout operators (Transpose, Reshape, …) and where the Softmax is written
 *   out; so is one that ends in the probabilities 1 − σ(z) and σ(z) of two classes. Other probabilities, such as
 *   the mean of several, are refused: their softmax would be taken twice. As an object it has options: the axis of the
 *   classes, a label to ignore, weights of classes, label smoothing.
 * - `'mse'`: the mean over all elements of (y − target)²
 * - `'l1'`: the mean over all elements of |y − target|
 * - `'huber'`: in between: a parabola up to `delta`, then a line
 * - `'bceWithLogits'`: the mean over all elements of the binary cross-entropy of σ(y). A model that ends in
 *   Sigmoid, also behind layout operators, is taken at its logits. Other probabilities are refused.
 * - `'ctc'`: labels of a sequence against logits of its steps ({@link CtcLoss})
 * - `{ output }`: the name of a scalar output of the model
 * - a list of losses of several outputs, each with a weight; their weighted sum is minimised
 */
export type Loss =
  | OutputLoss
  | {
      /** The name of the output that is the loss. */
      readonly output: string;
    }
  | readonly LossTerm[];

/** What the loss is, and what it is taken of. */
export interface LossOptions {
  /** The loss to minimise. */
  readonly loss: Loss;
  /** The output the loss is taken of. Default: the first of floats (classifiers may name labels before it). */
  readonly output?: string;
  /** The kind of target of `'crossEntropy'`. Default `'indices'`: int64 class indices. */
  readonly target?: 'indices' | 'distribution';
}

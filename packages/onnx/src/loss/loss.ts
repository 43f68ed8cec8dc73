/**
 * Cross-entropy over the classes on one axis of the logits, like PyTorch's `cross_entropy` with `reduction='mean'`:
 * −Σ w[t]·log softmax(y)[t] / Σ w[t] over all positions whose label is not ignored.
 */
export interface CrossEntropyLoss {
  /** Selects the cross-entropy with options. */
  readonly type: 'crossEntropy';
  /**
   * The axis of the classes; −1 is the last. Default: 1, or the last fixed axis if axis 1 is dynamic. If the target's
   * shape fits another axis too, the batch is refused until you give the axis.
   */
  readonly axis?: number;
  /** A label that is ignored, such as −100 for padding. Default: none. */
  readonly ignoreIndex?: number;
  /** A weight for each class. Default: 1. */
  readonly classWeights?: readonly number[];
  /** The share ε of the target that is spread over all classes, in [0, 1). Default: 0. */
  readonly labelSmoothing?: number;
}

/**
 * Huber's loss, the mean over all elements of ½·d² if |d| ≤ delta, else of delta·(|d| − ½·delta). d is the difference
 * of output and target.
 */
export interface HuberLoss {
  /** Selects Huber's loss with options. */
  readonly type: 'huber';
  /** The difference at which the parabola becomes a line. Default: 1. */
  readonly delta?: number;
}

/**
 * Connectionist temporal classification, like PyTorch's `ctc_loss` with `reduction='mean'`. It learns text from
 * images or audio whose steps have no labels of their own. The logits have the shape [N, T, C]. The target holds
 * int64 labels of the shape [N, S], padded with −1. All T steps count. If there are too few steps for the labels, the
 * loss is infinite.
 */
export interface CtcLoss {
  /** Selects connectionist temporal classification with options. */
  readonly type: 'ctc';
  /** The class that means no label. Default: 0. */
  readonly blank?: number;
  /** The axis of the steps: 1 for logits [N, T, C] (default), 0 for [T, N, C] as in PyTorch. */
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

/** One of several losses that are summed. */
export interface LossTerm {
  /** The output to compute the loss on or, without `loss`, a scalar output that is itself a loss. */
  readonly output: string;
  /** The loss of that output. */
  readonly loss?: OutputLoss;
  /** Multiplies the loss. Default: 1. */
  readonly weight?: number;
  /** The name of the target in a batch. Default: `target.` followed by the output's name. */
  readonly target?: string;
}

/**
 * The loss to minimise. It is computed on the model's first output (or `output`), or by the model itself.
 *
 * - `'crossEntropy'`: the mean over all positions of −log softmax at the target. It compares logits [N, C, …] with
 *   int64 class indices [N, …] or with a float distribution [N, C, …]. If the model ends in Softmax or LogSoftmax
 *   over the classes, the loss uses its logits. This also works if layout operators (Transpose, Reshape, …) follow,
 *   if the Softmax is written as other operators, and for the probabilities 1 − σ(z) and σ(z) of two classes. Other
 *   probabilities, such as the mean of several, are refused, because softmax would be applied twice. As an object it
 *   has options: the axis of the classes, a label to ignore, class weights, label smoothing.
 * - `'mse'`: the mean over all elements of (y − target)²
 * - `'l1'`: the mean over all elements of |y − target|
 * - `'huber'`: a compromise between these two, namely a parabola up to a difference of `delta`, then a line
 * - `'bceWithLogits'`: the mean over all elements of the binary cross-entropy of σ(y). If the model ends in Sigmoid,
 *   even before layout operators, the loss uses its logits. Other probabilities are refused.
 * - `'ctc'`: labels of a sequence against logits of its steps ({@link CtcLoss})
 * - `{ output }`: the name of a scalar output of the model
 * - a list of losses of several outputs, each with a weight: their weighted sum is minimised
 */
export type Loss =
  | OutputLoss
  | {
      /** The name of the output that is the loss. */
      readonly output: string;
    }
  | readonly LossTerm[];

/** The loss, and the output that it is computed on. */
export interface LossOptions {
  /** The loss to minimise. */
  readonly loss: Loss;
  /**
   * The output that the loss is computed on. Default: the first float output, because classifiers may return labels
   * before it.
   */
  readonly output?: string;
  /**
   * The kind of target for `'crossEntropy'`. Default: `'indices'`, that is, int64 class indices; createTrainer reads
   * the kind from each batch. All cross-entropies of a list take the same kind.
   */
  readonly target?: 'indices' | 'distribution';
}

/**
 * The loss to minimise: over the model's first output (or `output`), or computed by the model itself.
 *
 * - `'crossEntropy'`: logits [N, C, …] against int64 class indices [N, …] or a float distribution [N, C, …];
 *   the mean over all positions of −log softmax. A model that ends in Softmax or LogSoftmax over the classes
 *   is taken at its logits, also behind layout operators (Transpose, Reshape, …) and where the Softmax is written
 *   out; so is one that ends in the probabilities 1 − σ(z) and σ(z) of two classes. Other probabilities, such as
 *   the mean of several, are refused: their softmax would be taken twice.
 * - `'mse'`: the mean over all elements of (y − target)²
 * - `'bceWithLogits'`: the mean over all elements of the binary cross-entropy of σ(y). A model that ends in
 *   Sigmoid, also behind layout operators, is taken at its logits. Other probabilities are refused.
 * - `{ output }`: the name of a scalar output of the model
 */
export type Loss = 'crossEntropy' | 'mse' | 'bceWithLogits' | { readonly output: string };

/** What the loss is, and what it is taken of. */
export interface LossOptions {
  readonly loss: Loss;
  /** The output the loss is taken of. Default: the first of floats (classifiers may name labels before it). */
  readonly output?: string;
  /** The kind of target of `'crossEntropy'`. Default `'indices'`: int64 class indices. */
  readonly target?: 'indices' | 'distribution';
}

/** A dense layer: `y = x · Wᵀ + b` on the last axis; maps [c, h, w] are flattened first. Weights [units, inputs]. */
export interface DenseSpec {
  readonly type: 'dense';
  readonly units: number;
  /** Default true. */
  readonly bias?: boolean;
}

/** A convolution of [c, length] (`conv1d`) or [c, h, w] (`conv2d`), as in PyTorch. Weights [filters, c / groups, …kernel]. */
export interface ConvSpec {
  readonly type: 'conv1d' | 'conv2d';
  readonly filters: number;
  readonly kernel: number;
  /** Default 1. */
  readonly stride?: number;
  /** Zeros on every side. Default 0. */
  readonly padding?: number;
  /** Default 1. */
  readonly dilation?: number;
  /** Default 1; as many as channels make it depthwise. */
  readonly groups?: number;
  /** Default true. */
  readonly bias?: boolean;
}

/** A pooling of [c, length] or [c, h, w], as in PyTorch: padding never is a maximum, and counts as zeros in a mean. */
export interface PoolSpec {
  readonly type: 'maxPool' | 'avgPool';
  readonly size: number;
  /** Default: `size`. */
  readonly stride?: number;
  /** Default 0; at most half of `size`. */
  readonly padding?: number;
  /** Round the output's size up. Default false. */
  readonly ceil?: boolean;
}

/** A function of each number, or a change of form: `globalAvgPool` gives [c], `transpose` swaps the two axes of a sequence. */
export interface PlainSpec {
  readonly type:
    | 'relu'
    | 'sigmoid'
    | 'tanh'
    | 'gelu'
    | 'softmax'
    | 'flatten'
    | 'globalAvgPool'
    | 'transpose'
    /** The mean over the steps of a sequence [steps, features]. */
    | 'meanOverSteps';
}

/** A batch normalization per channel: the batch's statistics in training, running ones in evaluation. */
export interface BatchNormSpec {
  readonly type: 'batchNorm';
  /** Default 1e-5. */
  readonly epsilon?: number;
  /** The share of the newest batch in the running statistics, as in PyTorch. Default 0.1. */
  readonly momentum?: number;
}

/** A layer normalization over the last axis. */
export interface LayerNormSpec {
  readonly type: 'layerNorm';
  /** Default 1e-5. */
  readonly epsilon?: number;
}

/** Zeroes a share of the elements in training. */
export interface DropoutSpec {
  readonly type: 'dropout';
  readonly rate: number;
}

/** A vector for each of `rows` tokens. Weights [rows, units]. Comes first; the model's input then is of int64. */
export interface EmbeddingSpec {
  readonly type: 'embedding';
  readonly rows: number;
  readonly units: number;
}

/**
 * A learned vector for each step of a sequence [steps, features], added to it: attention by itself does not see the order.
 * Weights [steps, features], N(0, 0.02²) as in BERT.
 */
export interface PositionsSpec {
  readonly type: 'positions';
}

/** A recurrent layer over [steps, features], as in PyTorch: [steps, units], or [units] with `last`. */
export interface RecurrentSpec {
  readonly type: 'lstm' | 'gru';
  readonly units: number;
  /** Give the last step's output alone. Default false. */
  readonly last?: boolean;
  /** Read backwards too: twice the features. Default false. */
  readonly bidirectional?: boolean;
}

/** Self-attention over [steps, features] with several heads, as PyTorch's `MultiheadAttention`. */
export interface AttentionSpec {
  readonly type: 'attention';
  readonly heads: number;
  /** Whether a step sees only itself and those before. Default false. */
  readonly causal?: boolean;
}

/** Layers beside a shortcut: `y = layers(x) + shortcut(x)`; without a shortcut, x itself. */
export interface ResidualSpec {
  readonly type: 'residual';
  readonly layers: readonly LayerSpec[];
  readonly shortcut?: readonly LayerSpec[];
}

/** A layer as plain data. */
export type LayerSpec =
  | DenseSpec
  | ConvSpec
  | PoolSpec
  | PlainSpec
  | BatchNormSpec
  | LayerNormSpec
  | DropoutSpec
  | EmbeddingSpec
  | PositionsSpec
  | RecurrentSpec
  | AttentionSpec
  | ResidualSpec;

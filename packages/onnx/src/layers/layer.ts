/**
 * A dense layer: `y = x · Wᵀ + b` on the last axis. An image [c, h, w] is flattened first. The weights have the shape
 * [units, inputs].
 */
export interface DenseSpec {
  /** Selects a dense layer. */
  readonly type: 'dense';
  /** The number of outputs. */
  readonly units: number;
  /** Default true. */
  readonly bias?: boolean;
}

/**
 * A convolution of [c, length] (`conv1d`) or [c, h, w] (`conv2d`), as in PyTorch. The weights have the shape
 * [filters, c / groups, …].
 */
export interface ConvSpec {
  /** Selects a convolution over one axis or two. */
  readonly type: 'conv1d' | 'conv2d';
  /** The number of output channels. */
  readonly filters: number;
  /** The size of the kernel on each axis. */
  readonly kernel: number;
  /** Default 1. */
  readonly stride?: number;
  /** The number of zeros on every side. Default 0. */
  readonly padding?: number;
  /** Default 1. */
  readonly dilation?: number;
  /** Default 1. With as many groups as channels, the convolution is depthwise. */
  readonly groups?: number;
  /** Default true. */
  readonly bias?: boolean;
}

/**
 * A pooling of [c, length] or [c, h, w], as in PyTorch. Padding is never the maximum of a window, and counts as zeros
 * in a mean.
 */
export interface PoolSpec {
  /** Selects the maximum or the mean of each window. */
  readonly type: 'maxPool' | 'avgPool';
  /** The size of the window on each axis. */
  readonly size: number;
  /** Default: `size`. */
  readonly stride?: number;
  /** Default 0; at most half of `size`. */
  readonly padding?: number;
  /** Round the output's size up. Default false. */
  readonly ceil?: boolean;
}

/**
 * An element-wise function or a change of shape. `globalAvgPool` gives [c]. `transpose` swaps the two axes of a
 * sequence.
 */
export interface PlainSpec {
  /** Selects the function. */
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

/**
 * A batch normalisation per channel. It uses the batch's statistics in training, and running statistics in
 * evaluation.
 */
export interface BatchNormSpec {
  /** Selects a batch normalisation. */
  readonly type: 'batchNorm';
  /** Default 1e-5. */
  readonly epsilon?: number;
  /** The share of the newest batch in the running statistics, as in PyTorch. Default 0.1. */
  readonly momentum?: number;
}

/** A layer normalisation over the last axis. */
export interface LayerNormSpec {
  /** Selects a layer normalisation. */
  readonly type: 'layerNorm';
  /** Default 1e-5. */
  readonly epsilon?: number;
}

/** Zeroes a share of the elements in training. */
export interface DropoutSpec {
  /** Selects a dropout. */
  readonly type: 'dropout';
  /** The share that is zeroed, in [0, 1). The others are divided by 1 − rate. */
  readonly rate: number;
}

/**
 * A vector for each of `rows` tokens. The weights have the shape [rows, units]. An embedding must be the first layer.
 * The model's input is then int64.
 */
export interface EmbeddingSpec {
  /** Selects an embedding. */
  readonly type: 'embedding';
  /** The number of tokens. */
  readonly rows: number;
  /** The length of a token's vector. */
  readonly units: number;
}

/**
 * Adds a learned vector to each step of a sequence [steps, features], because attention by itself ignores the order.
 * The weights have the shape [steps, features]. As in BERT, their initial values have the distribution N(0, 0.02²).
 */
export interface PositionsSpec {
  /** Selects learned positions. */
  readonly type: 'positions';
}

/** A recurrent layer over [steps, features], as in PyTorch. It outputs [steps, units], or [units] with `last`. */
export interface RecurrentSpec {
  /** Selects an LSTM or a GRU. */
  readonly type: 'lstm' | 'gru';
  /** The length of the hidden state. */
  readonly units: number;
  /** Return only the final hidden state of each direction. Default false. */
  readonly last?: boolean;
  /** Read the sequence in both directions. This doubles the output features. Default false. */
  readonly bidirectional?: boolean;
}

/** Self-attention over [steps, features] with several heads, like PyTorch's `MultiheadAttention`. */
export interface AttentionSpec {
  /** Selects a self-attention. */
  readonly type: 'attention';
  /** The number of heads. It must divide the number of features. */
  readonly heads: number;
  /** Whether a step sees only itself and the steps before it. Default false. */
  readonly causal?: boolean;
}

/** Layers with a shortcut: `y = layers(x) + shortcut(x)`, or `y = layers(x) + x` without `shortcut`. */
export interface ResidualSpec {
  /** Selects a residual block. */
  readonly type: 'residual';
  /** The layers next to the shortcut. */
  readonly layers: readonly LayerSpec[];
  /** The layers of the shortcut. Default: none. */
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

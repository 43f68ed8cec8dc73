import { checkOptionNames } from '@clr/core';
import { badArgument } from '../errors.ts';

/** A fully connected layer. */
export interface DenseLayer {
  /** Selects a dense layer. */
  readonly type: 'dense';
  /** The number of outputs. */
  readonly units: number;
}
/** A convolution. */
export interface Conv2dLayer {
  /** Selects a convolution. */
  readonly type: 'conv2d';
  /** The number of output channels. */
  readonly filters: number;
  /** The size of the kernel on each axis. */
  readonly kernel: number;
  /** The step of the window, in pixels. */
  readonly stride: number;
  /** The rows and columns of zeros on every side. */
  readonly padding: number;
}
/** A max or average pooling. */
export interface PoolLayer {
  /** Selects the maximum or the mean of each window. */
  readonly type: 'maxPool' | 'avgPool';
  /** The size of the window on each axis. */
  readonly size: number;
  /** The step of the window, in pixels. */
  readonly stride: number;
  /** The rows and columns of padding on every side. A mean counts them as zeros, and a maximum leaves them out. */
  readonly padding: number;
  /** True if the output's size is rounded up. */
  readonly ceil: boolean;
}
/** An activation: a function that is applied to each number. */
export interface ActivationLayer {
  /** Selects the function. */
  readonly type: 'relu' | 'sigmoid' | 'tanh';
}
/** A batch normalization over all axes but the channels. */
export interface BatchNormLayer {
  /** Selects a batch normalization. */
  readonly type: 'batchNorm';
  /** Added to the variance before its square root. */
  readonly epsilon: number;
  /** The share of the newest batch in the running statistics, as in PyTorch. */
  readonly momentum: number;
}
/** A dropout. */
export interface DropoutLayer {
  /** Selects a dropout. */
  readonly type: 'dropout';
  /** The share that is zeroed, in [0, 1). The others are divided by 1 − rate. */
  readonly rate: number;
}

/** A layer as plain data, every default written out. */
export type Layer = DenseLayer | Conv2dLayer | PoolLayer | ActivationLayer | BatchNormLayer | DropoutLayer;

/**
 * `y = x W + b`, over the flattened input in the order row, column, channel. The weights have the shape
 * `[in, units]`.
 *
 * @throws {GpuError} if `units` is not a positive integer
 * @example
 * ```ts
 * dense({ units: 10 }); // { type: 'dense', units: 10 }
 * ```
 */
export function dense(options: { readonly units: number }): DenseLayer {
  const { units } = named('dense', options, ['units']);
  return Object.freeze({ type: 'dense', units: positive('dense', 'units', units) });
}

/**
 * A cross-correlation with square kernels, `out = ⌊(in + 2·padding − kernel) / stride⌋ + 1`. The weights have the
 * shape `[kernel, kernel, in, filters]`.
 *
 * @param options.stride - default 1
 * @param options.padding - zeros on every side, default 0
 * @throws {GpuError} if a number is not a positive integer (`padding`: at least 0)
 * @example
 * ```ts
 * const layers = [conv2d({ filters: 32, kernel: 5, padding: 2 })];
 * network({ input: [28, 28, 1], layers, loss: 'mse' }).output; // [28, 28, 32]
 * ```
 */
export function conv2d(options: {
  readonly filters: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
}): Conv2dLayer {
  named('conv2d', options, ['filters', 'kernel', 'stride', 'padding']);
  return Object.freeze({
    type: 'conv2d',
    filters: positive('conv2d', 'filters', options.filters),
    kernel: positive('conv2d', 'kernel', options.kernel),
    stride: positive('conv2d', 'stride', options.stride ?? 1),
    padding: integer('conv2d', 'padding', options.padding ?? 0, 0),
  });
}

/** Options of {@link maxPool} and {@link avgPool}. */
export interface PoolOptions {
  /** The size of the window on each axis. */
  readonly size: number;
  /** Default: `size`. */
  readonly stride?: number;
  /** Default 0; at most half of `size`. */
  readonly padding?: number;
  /** Rounds the output's size up, as Caffe does. The last windows then extend beyond the edge. Default false. */
  readonly ceil?: boolean;
}

/**
 * The maximum of each window. Padding is never the maximum. Output sizes are as in PyTorch.
 *
 * @throws {GpuError} if a number is out of range
 * @example
 * ```ts
 * const layers = [maxPool({ size: 3, stride: 2, ceil: true }), dense({ units: 10 })]; // as in Caffe's CIFAR nets
 * network({ input: [32, 32, 3], layers, loss: 'crossEntropy' }).layers[0].output; // [16, 16, 3]
 * ```
 */
export function maxPool(options: PoolOptions): PoolLayer {
  return pool('maxPool', options);
}

/**
 * The mean of each window. As in PyTorch, padding counts as zeros, and elements beyond the padding do not count.
 *
 * @throws {GpuError} if a number is out of range
 * @example
 * ```ts
 * const layers = [avgPool({ size: 8 }), dense({ units: 10 })]; // the global mean of an 8 × 8 map
 * network({ input: [8, 8, 64], layers, loss: 'crossEntropy' }).layers[0].output; // [1, 1, 64]
 * ```
 */
export function avgPool(options: PoolOptions): PoolLayer {
  return pool('avgPool', options);
}

/**
 * `max(x, 0)`.
 *
 * @example
 * ```ts
 * relu(); // { type: 'relu' }
 * ```
 */
export function relu(): ActivationLayer {
  return Object.freeze({ type: 'relu' });
}

/**
 * `1 / (1 + e⁻ˣ)`.
 *
 * @example
 * ```ts
 * sigmoid(); // { type: 'sigmoid' }
 * ```
 */
export function sigmoid(): ActivationLayer {
  return Object.freeze({ type: 'sigmoid' });
}

/**
 * The hyperbolic tangent.
 *
 * @example
 * ```ts
 * tanh(); // { type: 'tanh' }
 * ```
 */
export function tanh(): ActivationLayer {
  return Object.freeze({ type: 'tanh' });
}

/**
 * `(x − mean) / sqrt(variance + epsilon) · scale + shift` per channel, with the batch's mean and variance in
 * training, and the running mean and variance in evaluation. As in PyTorch, the running variance is made of the
 * batches' unbiased variances.
 *
 * @param options.epsilon - default 1e-5
 * @param options.momentum - the share of the newest batch in the running statistics, default 0.1
 * @throws {GpuError} if a number is out of range
 * @example
 * ```ts
 * batchNorm(); // { type: 'batchNorm', epsilon: 1e-5, momentum: 0.1 }
 * ```
 */
export function batchNorm(
  options: { readonly epsilon?: number; readonly momentum?: number } = {},
): BatchNormLayer {
  const { epsilon = 1e-5, momentum = 0.1 } = named('batchNorm', options, ['epsilon', 'momentum']);
  check('batchNorm', 'epsilon', epsilon, epsilon > 0, 'a number above 0');
  check('batchNorm', 'momentum', momentum, momentum > 0 && momentum <= 1, 'a number in (0, 1]');
  return Object.freeze({ type: 'batchNorm', epsilon, momentum });
}

/**
 * In training, zeroes a share of the elements and scales the rest by `1 / (1 − rate)`. In evaluation, does nothing.
 * The mask depends only on the trainer's seed and the step, so a resumed run drops the same elements.
 *
 * @param options.rate - the share that is dropped, in [0, 1)
 * @throws {GpuError} if the rate is out of range
 * @example
 * ```ts
 * dropout({ rate: 0.5 }); // { type: 'dropout', rate: 0.5 }
 * ```
 */
export function dropout(options: { readonly rate: number }): DropoutLayer {
  const { rate } = named('dropout', options, ['rate']);
  check('dropout', 'rate', rate, rate >= 0 && rate < 1, 'a number in [0, 1)');
  return Object.freeze({ type: 'dropout', rate });
}

function pool(type: PoolLayer['type'], options: PoolOptions): PoolLayer {
  named(type, options, ['size', 'stride', 'padding', 'ceil']);
  const size = positive(type, 'size', options.size);
  const padding = integer(type, 'padding', options.padding ?? 0, 0);
  check(type, 'padding', padding, padding <= size / 2, 'at most half of size');
  const stride = positive(type, 'stride', options.stride ?? size);
  return Object.freeze({ type, size, stride, padding, ceil: options.ceil ?? false });
}

function named<Options extends object>(layer: string, options: Options, names: readonly string[]): Options {
  return checkOptionNames<object, readonly string[]>('clr/webgpu', layer, options, names) as Options;
}

function positive(layer: string, field: string, value: number): number {
  return integer(layer, field, value, 1);
}

function integer(layer: string, field: string, value: number, least: number): number {
  check(
    layer,
    field,
    value,
    Number.isSafeInteger(value) && value >= least,
    `an integer of at least ${least}`,
  );
  return value;
}

function check(layer: string, field: string, value: number, legal: boolean, expected: string): void {
  if (!legal) {
    throw badArgument(
      `${field} of ${layer} to be ${expected}`,
      `${field} = ${String(value)}`,
      'Correct the layer.',
    );
  }
}

import type { Optimizer } from './optimizer.ts';

/** The input of {@link updateDirection}: vectors of equal length. */
export interface UpdateState<Vector> {
  /** The gradient of the loss at the current weights. */
  readonly gradient: Vector;
  /** The optimizer's running mean square, or sum of squares, before this update. SGD has none. */
  readonly square?: Vector;
  /** The running mean of a centered RMSProp, before this update. */
  readonly mean?: Vector;
  /** The number of updates before this one. */
  readonly step: number;
}

/**
 * The direction that an optimizer gives to a gradient, without momentum and weight decay: the update is `−lr · d`.
 * Adapters pass it to `directionalSharpness`.
 *
 * For SGD, `d = g`. For the other optimizers, `d = g / (√v + ε)`, where `v` is the optimizer's own mean (or sum) of
 * squares. `v` includes the square of this gradient, and for Adam the bias correction. For RMSProp with momentum μ,
 * `d` is divided by `1 − μ`, because its velocity sums the directions of past steps. Adam's first moment is a mean,
 * so it needs no such factor.
 *
 * @throws {TypeError} if an optimizer other than SGD is given no `square`
 *
 * @example
 * ```ts
 * const state = { gradient: Float64Array.of(3, -0.5), square: Float64Array.of(0, 0), step: 0 };
 * Array.from(updateDirection(adam(), state), Math.round); // [1, -1]
 * ```
 */
export function updateDirection<Vector extends Float32Array | Float64Array>(
  optimizer: Optimizer,
  { gradient, square, mean, step }: UpdateState<Vector>,
): Vector {
  if (optimizer.type === 'sgd') return gradient;
  const { type, epsilon } = optimizer;
  const meanSquare = (g: number, i: number): number => {
    const before = square![i]!;
    if (type === 'adagrad') return before + g * g;
    if (type !== 'rmsProp')
      return blend(optimizer.beta2, before, g * g) / (1 - optimizer.beta2 ** (step + 1));
    const centre = mean ? blend(optimizer.alpha, mean[i]!, g) : 0;
    return blend(optimizer.alpha, before, g * g) - centre ** 2;
  };
  const gain = type === 'rmsProp' ? 1 / (1 - optimizer.momentum) : 1;
  return (gradient as Float32Array).map(
    (g, i) => (gain * g) / (Math.sqrt(meanSquare(g, i)) + epsilon),
  ) as Vector;
}

const blend = (factor: number, before: number, now: number): number => factor * before + (1 - factor) * now;

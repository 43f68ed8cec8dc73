import { decay, nonNegative, positive } from '../fields.ts';
import { flag, makeOptimizer } from './makeOptimizer.ts';

/** Options of {@link rmsProp}. */
export interface RmsPropOptions {
  /** α, the decay of the running mean square, in [0, 1). Default 0.99. */
  readonly alpha?: number;
  /** ε, added outside the root. Default 1e-8. */
  readonly epsilon?: number;
  /** μ in [0, 1). Default 0. A policy's `momentum` replaces it at every step. */
  readonly momentum?: number;
  /** Subtract the squared running mean, so that the variance is used. Default false. */
  readonly centered?: boolean;
  /** L2: adds `weightDecay · w` to the gradient. Default 0. */
  readonly weightDecay?: number;
}

/** RMSProp as plain data, every default written out. */
export interface RmsPropOptimizer extends Required<RmsPropOptions> {
  /** Names the optimizer in plain data. */
  readonly type: 'rmsProp';
}

/**
 * RMSProp, as plain data that an adapter executes, in PyTorch's arithmetic.
 *
 * An update computes `s ← α·s + (1 − α)·g²`, then `b ← μ·b + g / (sqrt(s) + ε)`, then `w ← w − lr·b`. With
 * `centered`, it also computes `m ← α·m + (1 − α)·g`, and `s − m²` replaces `s` in the formula for `b`.
 *
 * @throws {PolicyError} on a number outside its range
 * @see https://pytorch.org/docs/stable/generated/torch.optim.RMSprop.html
 *
 * @example
 * ```ts
 * rmsProp({ momentum: 0.9 }).alpha; // 0.99
 * ```
 */
export function rmsProp(options: RmsPropOptions = {}): RmsPropOptimizer {
  const defaults = { alpha: 0.99, epsilon: 1e-8, momentum: 0, centered: false, weightDecay: 0 };
  return makeOptimizer<'rmsProp', RmsPropOptions>('rmsProp', defaults, options, {
    alpha: decay,
    epsilon: positive,
    momentum: decay,
    centered: flag,
    weightDecay: nonNegative,
  });
}

import { decay, nonNegative, positive } from '../fields.ts';
import { makeOptimizer } from './makeOptimizer.ts';

const defaults = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const fields = { beta1: decay, beta2: decay, epsilon: positive, weightDecay: nonNegative };

/** Options of {@link adam} and {@link adamW}. */
export interface AdamOptions {
  /** β₁ in [0, 1). Default 0.9. A policy's `momentum` replaces it at every step. */
  readonly beta1?: number;
  /** β₂ in [0, 1). Default 0.999. */
  readonly beta2?: number;
  /** ε, added to `sqrt(v̂)`. Default 1e-8. */
  readonly epsilon?: number;
  /** λ. Default 0 for `adam` (L2, added to the gradient), 0.01 for `adamW` (decoupled). */
  readonly weightDecay?: number;
}

/** Adam as plain data, every default written out. */
export interface AdamOptimizer extends Required<AdamOptions> {
  /** Names the optimizer in plain data. */
  readonly type: 'adam';
}

/** AdamW as plain data, every default written out. */
export interface AdamWOptimizer extends Required<AdamOptions> {
  /** Names the optimizer in plain data. */
  readonly type: 'adamW';
}

/**
 * Adam, as plain data that an adapter executes, in PyTorch's arithmetic.
 *
 * Here `g` is the gradient plus `weightDecay · w`, and `t` is the number of the update, counted from 1. An update
 * computes `m ← β₁·m + (1 − β₁)·g`, then `v ← β₂·v + (1 − β₂)·g²`, then
 * `w ← w − lr / (1 − β₁ᵗ) · m / (sqrt(v / (1 − β₂ᵗ)) + ε)`. When a policy cycles β₁, `β₁ᵗ` is the current β₁ to the
 * power t, as in PyTorch.
 *
 * @throws {PolicyError} on a number outside its range
 * @see https://pytorch.org/docs/stable/generated/torch.optim.Adam.html
 *
 * @example
 * ```ts
 * adam(); // { type: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 }
 * ```
 */
export function adam(options: AdamOptions = {}): AdamOptimizer {
  return makeOptimizer<'adam', AdamOptions>('adam', { ...defaults, weightDecay: 0 }, options, fields);
}

/**
 * Adam with decoupled weight decay: `w ← w · (1 − lr·weightDecay)` first, then {@link adam}'s update
 * with the bare gradient.
 *
 * @throws {PolicyError} on a number outside its range
 * @see https://pytorch.org/docs/stable/generated/torch.optim.AdamW.html
 *
 * @example
 * ```ts
 * adamW({ weightDecay: 0.1 }).weightDecay; // 0.1
 * ```
 */
export function adamW(options: AdamOptions = {}): AdamWOptimizer {
  return makeOptimizer<'adamW', AdamOptions>('adamW', { ...defaults, weightDecay: 0.01 }, options, fields);
}

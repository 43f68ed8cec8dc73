import { nonNegative, positive } from '../fields.ts';
import { makeOptimizer } from './makeOptimizer.ts';

/** Options of {@link adagrad}. */
export interface AdagradOptions {
  /** ε, added outside the root. Default 1e-10. */
  readonly epsilon?: number;
  /** The initial sum of squares. Default 0. */
  readonly initialAccumulator?: number;
  /** L2: adds `weightDecay · w` to the gradient. Default 0. */
  readonly weightDecay?: number;
}

/** AdaGrad as plain data, every default written out. */
export interface AdagradOptimizer extends Required<AdagradOptions> {
  /** Names the optimizer in plain data. */
  readonly type: 'adagrad';
}

/**
 * AdaGrad, as plain data that an adapter executes, in PyTorch's arithmetic:
 * `s ← s + g²`, `w ← w − lr · g / (sqrt(s) + ε)`. (Use a policy instead of PyTorch's `lr_decay`.)
 *
 * @throws {PolicyError} on a number outside its range
 * @see https://pytorch.org/docs/stable/generated/torch.optim.Adagrad.html
 *
 * @example
 * ```ts
 * adagrad().epsilon; // 1e-10
 * ```
 */
export function adagrad(options: AdagradOptions = {}): AdagradOptimizer {
  const defaults = { epsilon: 1e-10, initialAccumulator: 0, weightDecay: 0 };
  return makeOptimizer<'adagrad', AdagradOptions>('adagrad', defaults, options, {
    epsilon: positive,
    initialAccumulator: nonNegative,
    weightDecay: nonNegative,
  });
}

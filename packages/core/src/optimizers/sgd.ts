import { PolicyError } from '../errors.ts';
import { decay, nonNegative, oneOf } from '../fields.ts';
import { flag, makeOptimizer } from './makeOptimizer.ts';

/** Options of {@link sgd}. */
export interface SgdOptions {
  /** μ in [0, 1). Default 0. A policy's `momentum` replaces it at every step. */
  readonly momentum?: number;
  /** Look ahead along the velocity (Nesterov). Default false. */
  readonly nesterov?: boolean;
  /** L2: adds `weightDecay · w` to the gradient. Default 0. */
  readonly weightDecay?: number;
  /** The content of the velocity; see {@link sgd}. Default `'gradient'`. */
  readonly velocity?: 'gradient' | 'update';
}

/** SGD as plain data, every default written out. */
export interface SgdOptimizer extends Required<SgdOptions> {
  /** Names the optimizer in plain data. */
  readonly type: 'sgd';
}

/**
 * Stochastic gradient descent with momentum, as plain data that an adapter executes.
 *
 * Here `g` is the gradient plus `weightDecay · w`, and `v` starts at 0.
 *
 * - `velocity: 'gradient'` (PyTorch): `v ← μ·v + g`, then `w ← w − lr·v`, or with Nesterov `w ← w − lr·(g + μ·v)`
 * - `velocity: 'update'` (Caffe): `v ← μ·v + lr·g`, then `w ← w − v`, or with Nesterov
 *   `w ← w − ((1 + μ)·v − μ·v_before)`
 *
 * Both kinds of velocity give the same weights while the rate is constant. They differ while the rate changes.
 *
 * @throws {PolicyError} on a number outside its range
 * @see https://pytorch.org/docs/stable/generated/torch.optim.SGD.html, Caffe's `sgd_solver.cpp`
 *
 * @example
 * ```ts
 * sgd({ momentum: 0.9 }); // { type: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 0, velocity: 'gradient' }
 * ```
 */
export function sgd(options: SgdOptions = {}): SgdOptimizer {
  const defaults = { momentum: 0, nesterov: false, weightDecay: 0, velocity: 'gradient' } as const;
  const made = makeOptimizer<'sgd', SgdOptions>('sgd', defaults, options, {
    momentum: decay,
    nesterov: flag,
    weightDecay: nonNegative,
    velocity: oneOf('gradient', 'update'),
  });
  if (made.nesterov && made.momentum === 0) {
    const advice = 'Add one: sgd({ momentum: 0.9, nesterov: true }).';
    throw new PolicyError(
      'nesterov',
      true,
      'false without a momentum, since it looks ahead along the velocity',
      advice,
    );
  }
  return made;
}

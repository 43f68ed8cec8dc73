import { checkOptionNames } from '@clr/core';
import { badArgument } from '../errors.ts';

/** How a loss scale changes. The defaults are those of PyTorch's `GradScaler`. */
export interface LossScale {
  /** The initial scale. Default 65,536. */
  readonly initial?: number;
  /** The factor after `growthInterval` good steps. Default 2. */
  readonly growth?: number;
  /** The factor after a gradient that was not finite. Default 0.5. */
  readonly backoff?: number;
  /** The number of good steps in a row after which the scale grows. Default 2000. */
  readonly growthInterval?: number;
}

const lossScaleNames = ['initial', 'growth', 'backoff', 'growthInterval'] as const;

/** Options for which the optimizer reads all gradients before it changes any weight. */
export interface GradientCheckOptions {
  /**
   * Scale gradients down so that their global norm is at most this, as `clip_grad_norm_` of PyTorch does:
   * `g ← g · min(1, clipNorm / (‖g‖ + 1e-6))`. Default: no clipping.
   */
  readonly clipNorm?: number;
  /** Skip and count a step that has a NaN or infinite gradient. Default: true if `clipNorm` or `lossScale` is given. */
  readonly skipNonFinite?: boolean;
  /**
   * A dynamic loss scale. Multiply the loss's gradient by `lossScale` of the optimizer's state buffer. The optimizer
   * undoes this: it divides the gradients by the same scale. By default it halves the scale after a skipped step, and
   * doubles the scale after `growthInterval` good steps.
   */
  readonly lossScale?: LossScale;
}

/** The options with defaults filled in. */
export interface GradientCheck {
  /** True if an option needs the pass over all gradients. */
  readonly active: boolean;
  readonly clipNorm: number | undefined;
  readonly skipNonFinite: boolean;
  readonly lossScale: Required<LossScale> | undefined;
}

/** Checks the options and fills in their defaults. */
export function gradientCheckOf({ clipNorm, skipNonFinite, lossScale }: GradientCheckOptions): GradientCheck {
  if (clipNorm !== undefined && !(Number.isFinite(clipNorm) && clipNorm > 0)) {
    throw badArgument(
      'clipNorm to be a finite number above 0',
      `clipNorm = ${String(clipNorm)}`,
      'Leave it out to clip nothing.',
    );
  }
  if (lossScale) checkOptionNames('clr/webgpu', 'lossScale', lossScale, lossScaleNames);
  const scale = lossScale && {
    initial: 65536,
    growth: 2,
    backoff: 0.5,
    growthInterval: 2000,
    ...lossScale,
  };
  for (const [name, value] of Object.entries(scale ?? {})) {
    if (!(Number.isFinite(value) && value > 0)) {
      throw badArgument(
        `lossScale.${name} to be a finite number above 0`,
        `${name} = ${String(value)}`,
        'Leave it out for the default.',
      );
    }
  }
  const skip = skipNonFinite ?? (clipNorm !== undefined || scale !== undefined);
  return {
    active: skip || clipNorm !== undefined || scale !== undefined,
    clipNorm,
    skipNonFinite: skip,
    lossScale: scale,
  };
}

import { checkOptionNames } from '@clr/core';
import { badArgument } from '../errors.ts';

/** How a loss scale changes. The defaults are those of PyTorch's `GradScaler`. */
export interface LossScale {
  /** The initial scale, from 2⁻¹²⁶ to 2¹²⁷. Default 65,536. */
  readonly initial?: number;
  /** The factor after `growthInterval` good steps, at least 1. Default 2. */
  readonly growth?: number;
  /** The factor after a gradient that was not finite, at most 1. Default 0.5. */
  readonly backoff?: number;
  /** The number of good steps in a row after which the scale grows, below 2³². Default 2000. */
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
   * doubles the scale after `growthInterval` good steps. The scale stays between 2⁻¹²⁶ and 2¹²⁷.
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

/** The bounds of the loss scale: float32 numbers whose reciprocals are float32 numbers, too. */
export const lossScaleBounds: { readonly least: number; readonly most: number } = {
  least: 2 ** -126,
  most: 2 ** 127,
};

function checkLossScale({ initial, growth, backoff, growthInterval }: Required<LossScale>): void {
  const { least, most } = lossScaleBounds;
  for (const [name, value, legal, expected] of [
    ['initial', initial, initial >= least && initial <= most, 'from 2^-126 to 2^127'],
    ['growth', growth, growth >= 1 && growth <= most, 'from 1 to 2^127'],
    ['backoff', backoff, backoff >= least && backoff <= 1, 'from 2^-126 to 1'],
    [
      'growthInterval',
      growthInterval,
      Number.isInteger(growthInterval) && growthInterval >= 1 && growthInterval < 2 ** 32,
      'that is an integer from 1 to 2^32 - 1',
    ],
  ] as const) {
    if (typeof value === 'number' && legal) continue;
    throw badArgument(
      `lossScale.${name} to be a number ${expected}`,
      `${name} = ${String(value)}`,
      'Leave it out for the default.',
    );
  }
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
  if (scale) checkLossScale(scale);
  if (skipNonFinite !== undefined && typeof skipNonFinite !== 'boolean') {
    throw badArgument(
      'skipNonFinite to be true or false',
      `skipNonFinite = ${String(skipNonFinite)}`,
      'Leave it out for the default.',
    );
  }
  const skip = skipNonFinite ?? (clipNorm !== undefined || scale !== undefined);
  return {
    active: skip || clipNorm !== undefined || scale !== undefined,
    clipNorm,
    skipNonFinite: skip,
    lossScale: scale,
  };
}

import {
  checkOrder,
  decay,
  type Fields,
  join,
  nonNegative,
  object,
  oneOf,
  optional,
  positive,
  type Read,
  stepCount,
} from '../fields.ts';
import type { CustomSchedule } from '../schedule.ts';
import { halfCosine, lerp, powers } from './arithmetic.ts';

/** The bounds, the length and the shape of a cycle. Every cyclic policy has these options. */
export interface CycleOptions {
  /** The lower bound, where every cycle starts and ends. At least 0. */
  readonly baseLr: number;
  /** The upper bound, reached in the middle. Above 0, at least `baseLr`. */
  readonly maxLr: number;
  /** The way up, in steps: half a cycle unless `stepSizeDown` is given. The paper's rule: 2 to 10 epochs. */
  readonly stepSize: number;
  /** The way down, in steps. Default: the same as `stepSize`. */
  readonly stepSizeDown?: number;
  /** The shape between the bounds: a triangle, a parabola or a raised cosine. Default `'triangular'`. */
  readonly window?: 'triangular' | 'welch' | 'hann';
  /** Cycle the momentum against the rate: `max` at the trough, `base` at the peak. Default: do not change it. */
  readonly momentum?: MomentumRange;
}

/** The bounds of a cycled momentum (β₁ for Adam), each in [0, 1). */
export interface MomentumRange {
  /** The momentum where the rate is highest, in [0, 1). */
  readonly base: number;
  /** The momentum where the rate is lowest, in [0, 1); at least `base`. */
  readonly max: number;
}

// Each window maps the share of the way to the peak, in [0, 1], to the height. With x = 1 − way these are the
// textbook windows 1 − x, 1 − x² and ½(1 + cos πx).
const windows: Readonly<Record<NonNullable<CycleOptions['window']>, (way: number) => number>> = {
  triangular: (way) => way,
  welch: (way) => way * (2 - way),
  hann: halfCosine,
};

export const momentumField: Read = optional(object({ base: decay, max: decay }));

export const cycleFields: Fields = {
  baseLr: nonNegative,
  maxLr: positive,
  stepSize: stepCount,
  stepSizeDown: optional(stepCount),
  window: optional(oneOf(...Object.keys(windows))),
  momentum: momentumField,
};

/** Refuses bounds that are legal alone but not together. */
export function checkBounds(options: Partial<CycleOptions>, path: string): void {
  checkOrder(options, 'baseLr', 'maxLr', path);
  checkOrder(options.momentum, 'base', 'max', join(path, 'momentum'));
}

/** The share of the amplitude (or of both bounds) that is left at a step of a cycle. */
export type Scale = (cycle: number, step: number) => number;

/** `factor^step`, with an absolute error below 1e-15. */
export function perStep(factor: number): Scale {
  const power = powers(Math.log(factor));
  return (_, step) => power(step);
}

/**
 * A scale that changes only between cycles. It may need a power, which is costly to compute, so the last value is
 * kept.
 */
export function perCycle(share: (cycle: number) => number): Scale {
  let known = 0;
  let value = 1;
  return (cycle) => {
    if (cycle !== known) {
      known = cycle;
      value = share(cycle);
    }
    return value;
  };
}

/**
 * The schedule that all cyclic policies share: `lr = base + (max − base) · w · scale`. The phase is first reduced
 * with integer arithmetic. So every trough is exactly `baseLr`, and every peak with scale 1 is exactly `maxLr`.
 */
export function cycleSchedule(
  { baseLr, maxLr, stepSize: up, stepSizeDown: down = up, window = 'triangular', momentum }: CycleOptions,
  scale: Scale,
): CustomSchedule {
  const length = up + down;
  const shape = windows[window];
  const height = (step: number): number => {
    const position = step % length;
    const way = position <= up ? position / up : (length - position) / down;
    return shape(way) * scale((step - position) / length, step);
  };
  return {
    lr: (step) => lerp(baseLr, maxLr, height(step)),
    momentum: (step) => momentum && lerp(momentum.max, momentum.base, height(step)),
    position(step) {
      const cycle = Math.floor(step / length);
      return { cycle, phase: (step % length) / length, cycleEnd: (cycle + 1) * length };
    },
  };
}

/** The schedule whose two bounds shrink: `lr = (base + (max − base) · w) · scale`. */
export function shrinkingCycle(options: CycleOptions, scale: Scale): CustomSchedule {
  const { lr } = cycleSchedule(options, () => 1);
  const length = options.stepSize + (options.stepSizeDown ?? options.stepSize);
  return {
    ...cycleSchedule(options, scale),
    lr: (step) => lr(step) * scale(Math.floor(step / length), step),
  };
}

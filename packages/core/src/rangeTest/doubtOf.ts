import { doubt as allowed } from './calibration.ts';
import type { Curve } from './curve.ts';

/** The largest fall that noise alone explains at this density of steps (calibrated on random labels). */
export const doubtOf = ({
  curve: { x, start, noise, steps },
}: {
  readonly curve: Pick<Curve, 'x' | 'start' | 'noise' | 'steps'>;
}): number => allowed.noises * noise * Math.sqrt((x.at(-1)! - x[0]!) / steps) + roundingOf(start);

/** The largest fall that rounding explains. */
export const roundingOf = (start: number): number => allowed.rounding * Math.abs(start);

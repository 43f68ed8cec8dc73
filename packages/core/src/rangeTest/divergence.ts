import { median, noiseOf } from '../statistics.ts';
import { divergence } from './calibration.ts';
import { isHigh } from './highStart.ts';

/** Watches a sweep's losses for divergence. */
export interface DivergenceWatch {
  readonly diverged: boolean;
  see(loss: number | null): void;
}

/**
 * A sweep has diverged in three cases:
 *
 * - A loss is not finite.
 * - The median of the last few losses is far above that of the first losses: by a multiple of the gain so far plus a
 *   multiple of the standard deviation.
 * - Training had clearly lowered the loss, and has lost all of this gain again.
 *
 * If the sweep began far above the best constant answer, that answer's loss replaces the start as soon as it is
 * reached. Only differences count, so losses may be negative. The numbers are in `calibration.ts`.
 */
export function createDivergenceWatch(constantLoss: number = Infinity): DivergenceWatch {
  const { head, tail, gains, noises } = divergence;
  const losses: number[] = [];
  let origin: { readonly start: number; readonly noise: number } | undefined;
  let gained = 0;
  let diverged = false;
  return {
    get diverged() {
      return diverged;
    },
    see(loss) {
      diverged ||= loss === null;
      losses.push(loss ?? 0);
      if (losses.length <= head) return;
      origin ??= originOf(losses.slice(0, head));
      const now = median(losses.slice(-tail));
      if (now < constantLoss && isHigh(origin.start, constantLoss)) {
        origin = { start: constantLoss, noise: noiseOf(losses.slice(-head)) };
        gained = 0;
      }
      const { start, noise } = origin;
      const rise = now - start;
      gained = Math.max(gained, -rise);
      diverged ||= rise > gains * gained + noises * noise;
      diverged ||= gained > noises * noise && median(losses.slice(-head)) > start;
    },
  };
}

function originOf(first: readonly number[]): { readonly start: number; readonly noise: number } {
  const start = median(first);
  const noise = Math.sqrt(first.reduce((sum, value) => sum + (value - start) ** 2, 0) / first.length);
  return { start, noise };
}

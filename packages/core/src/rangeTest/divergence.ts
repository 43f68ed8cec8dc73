import { divergence } from './calibration.ts';
import { median } from './statistics.ts';

/** Watches a sweep's losses for divergence. */
export interface DivergenceWatch {
  readonly diverged: boolean;
  see(loss: number | null): void;
}

/**
 * A sweep has diverged when a loss is not finite; when the median of the last few losses is far above that of the
 * first, measured in gains so far and standard deviations; or when training had clearly gained and has lost it all
 * again. Only differences count, so losses may be negative. The numbers are in `calibration.ts`.
 */
export function createDivergenceWatch(): DivergenceWatch {
  const { head, tail, gains, noises } = divergence;
  const losses: number[] = [];
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
      const first = losses.slice(0, head);
      const start = median(first);
      const noise = Math.sqrt(first.reduce((sum, value) => sum + (value - start) ** 2, 0) / head);
      const rise = median(losses.slice(-tail)) - start;
      gained = Math.max(gained, -rise);
      diverged ||= rise > gains * gained + noises * noise;
      diverged ||= gained > noises * noise && median(losses.slice(-head)) > start;
    },
  };
}

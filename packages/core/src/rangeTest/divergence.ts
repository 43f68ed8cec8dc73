import { median, noiseOf } from './statistics.ts';

/** Watches a sweep's losses for divergence. */
export interface DivergenceWatch {
  readonly diverged: boolean;
  see(loss: number | null): void;
}

/**
 * A sweep has diverged when a loss is not finite, or when the median of the last five stands above where the
 * sweep began by twice what training has gained, and by eight times the noise. Differences alone count, so
 * negative losses are as good as any.
 */
export function createDivergenceWatch(): DivergenceWatch {
  const losses: number[] = [];
  let start = 0;
  let best = Infinity;
  let diverged = false;
  return {
    get diverged() {
      return diverged;
    },
    see(loss) {
      if (loss === null) {
        diverged = true;
        return;
      }
      losses.push(loss);
      if (losses.length < 5) return;
      const now = median(losses.slice(-5));
      if (losses.length === 5) start = now;
      best = Math.min(best, now);
      // The noise of the calm part; a rising tail would only raise the bar.
      const noise = noiseOf(losses.slice(0, 50));
      diverged ||= now > start + 2 * (start - best) + 8 * noise && losses.length > 5;
    },
  };
}

import type { Sweep, SweepRecord } from './sweeps.ts';

/**
 * A rough loss edge, for placing the grid and the linear sweep. It is the rate at which the median of five losses has
 * risen from its minimum by half of its fall, plus a tenth of the first loss. If the loss never rises so far, it is the
 * last rate of the sweep.
 */
export function edgeOf(sweep: Sweep, { loss }: Pick<SweepRecord, 'loss'>): number {
  const finite = loss.filter((value) => value !== null);
  const median = (values: readonly number[]): number =>
    [...values].sort((a, b) => a - b)[values.length >> 1]!;
  const start = median(finite.slice(0, 20));
  let low = start;
  for (let step = 20; step < finite.length; step++) {
    const here = median(finite.slice(step - 4, step + 1));
    low = Math.min(low, here);
    if (here > low + 0.5 * (start - low) + 0.1 * Math.abs(start)) return sweep.lr(step - 2);
  }
  return sweep.lr(finite.length - 1);
}

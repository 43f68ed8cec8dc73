/**
 * Smooths every stored sweep as each library would have smoothed it, and rounds it to 4, 5 and 6 digits. After the
 * smoothing is undone, prints how far `maxLr` is from that of the raw losses. Also prints how many smoothed and raw
 * curves are recognised as smoothed.
 *
 * npx tsx range-test/smoothed.ts
 */
import { analyzeRangeTest, type LossSmoothing, type RangeTestTrace } from '@clr/core';
import { smoothings } from './libraries.ts';
import { readSweeps, type StoredSweep, storedSettings } from './store.ts';
import { linearSweep, rounded, type Sweep, sweeps } from './sweeps.ts';

export type Tool = keyof typeof smoothings;
export const tools = Object.keys(smoothings) as Tool[];

export interface Comparison {
  /**
   * maxLr with the smoothing undone, divided by maxLr of the raw losses. `null` if only one of these curves gives a
   * rate, and `undefined` if neither does.
   */
  readonly ratio: number | null | undefined;
  /** True if the smoothed losses are refused as smoothed when the kind of smoothing is not given. */
  readonly noticed: boolean;
}

const traceOf = (
  losses: readonly (number | null)[],
  { lr, spacing, startLr, endLr }: Sweep,
): RangeTestTrace => ({
  ...{ version: 1, spacing, startLr, endLr },
  points: losses.map((loss, step) => ({ step, lr: lr(step), loss })),
});
export const sweepOf = ({ sweep, endLr }: StoredSweep): Sweep =>
  sweep === 'linear' ? linearSweep(endLr!) : sweeps[sweep];
const looksSmoothed = (trace: RangeTestTrace): boolean =>
  analyzeRangeTest(trace, { resamples: 0 }).reasons[0]!.startsWith('Smoothed');
/**
 * Compares maxLr from a tool's smoothed losses with that from the raw losses. The tool may stop before the end of the
 * sweep, so the raw losses are cut to the same number of steps.
 */
export function compare(stored: StoredSweep, tool: Tool, digits: number): Comparison {
  const sweep = sweepOf(stored);
  const means = smoothings[tool](stored.loss, sweep).map((loss) => rounded(loss, digits));
  const maxLr = (losses: readonly (number | null)[], smoothing: LossSmoothing) =>
    analyzeRangeTest(traceOf(losses, sweep), { smoothing, resamples: 0 }).suggestion?.maxLr;
  const [undone, raw] = [maxLr(means, tool), maxLr(stored.loss.slice(0, means.length), 'none')];
  const ratio = undone && raw ? undone / raw : undone || raw ? null : undefined;
  return { ratio, noticed: looksSmoothed(traceOf(means, sweep)) };
}

if (process.argv[1] === import.meta.filename) {
  const all = storedSettings()
    .flatMap(readSweeps)
    .filter(({ randomLabels }) => !randomLabels);
  const share = (of: readonly unknown[], part: readonly unknown[]) =>
    `${part.length} of ${of.length} (${((100 * part.length) / of.length).toFixed(1)} %)`;
  for (const tool of tools)
    for (const digits of [4, 5, 6]) {
      const found = all.map((stored) => compare(stored, tool, digits));
      const answered = found.filter(({ ratio }) => ratio !== undefined);
      const near = answered.filter(({ ratio }) => ratio && Math.abs(ratio - 1) <= 0.1);
      const one = answered.filter(({ ratio }) => ratio === null);
      console.log(
        `${tool}, ${digits} digits: maxLr within 10 % in ${share(answered, near)};`,
        `only one of the two gives a rate in ${one.length} cases;`,
        `noticed ${share(
          found,
          found.filter(({ noticed }) => noticed),
        )}`,
      );
    }
  const raw = all.filter((stored) => looksSmoothed(traceOf(stored.loss, sweepOf(stored))));
  console.log(`raw losses that look smoothed: ${share(all, raw)}`);
}

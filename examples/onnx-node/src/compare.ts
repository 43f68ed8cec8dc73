import type { TrainingRun } from '@clr/core';
import { formatCount, formatShare } from '@clr/report';

/** How the two runs compare, where CLR's cycles end. */
export interface Comparison {
  readonly fixedFinal: number;
  readonly clrFinal: number;
  /** The budget of each run, in steps. */
  readonly steps: number;
  /** The first trough at which CLR was as good as the fixed run at its end; `null` if none was. */
  readonly reached: number | null;
  /** The fixed run's steps over those. */
  readonly ratio: number | null;
}

export function compare(clr: TrainingRun, fixed: TrainingRun): Comparison {
  const accuracy = (run: TrainingRun) => run.final?.accuracy ?? 0;
  const fixedFinal = accuracy(fixed);
  const reached = clr.troughs.find((trough) => (trough.accuracy ?? 0) >= fixedFinal)?.step ?? null;
  return {
    fixedFinal,
    clrFinal: accuracy(clr),
    steps: fixed.step,
    reached,
    ratio: reached && fixed.step / reached,
  };
}

/** The comparison in words, whichever way it went. */
export function describeComparison({ fixedFinal, clrFinal, steps, reached, ratio }: Comparison): string[] {
  // Of one share of 10,000 test images.
  const error = Math.sqrt((fixedFinal * (1 - fixedFinal)) / 10_000);
  return [
    reached === null
      ? `CLR did not reach the fixed run's final accuracy of ${formatShare(fixedFinal)} in ${formatCount(steps)} steps.`
      : `CLR reached the fixed run's final accuracy of ${formatShare(fixedFinal)} within ${formatCount(reached)} of ${formatCount(steps)} steps: ${ratio!.toFixed(1)} times as fast.`,
    `At the end CLR has ${formatShare(clrFinal)}, the fixed rate ${formatShare(fixedFinal)}.`,
    `One run each, measured only at the troughs; the standard error of such an accuracy is ${(100 * error).toFixed(2)} points.`,
  ];
}

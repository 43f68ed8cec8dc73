import type { TrainingRun } from '@clr/core';
import { formatCount, formatShare } from '@clr/report';

/** How the two runs compare, where CLR's cycles end. */
export interface Comparison {
  readonly clrFinal: number;
  readonly fixedFinal: number;
  /** The budget of each run, in steps. */
  readonly steps: number;
  /** The first trough at which each was as good as the fixed run at its end; `null` if it never was. */
  readonly clrReached: number | null;
  readonly fixedReached: number;
}

export function compare(clr: TrainingRun, fixed: TrainingRun): Comparison {
  const final = (run: TrainingRun): number => run.final?.accuracy ?? 0;
  const goal = final(fixed);
  const reached = ({ troughs }: TrainingRun): number | null =>
    troughs.find(({ accuracy }) => (accuracy ?? 0) >= goal)?.step ?? null;
  return {
    clrFinal: final(clr),
    fixedFinal: goal,
    steps: fixed.step,
    clrReached: reached(clr),
    fixedReached: reached(fixed) ?? fixed.step,
  };
}

/** The comparison in words, whichever way it went. */
export function describeComparison(result: Comparison): readonly string[] {
  const { clrFinal, fixedFinal, steps, clrReached, fixedReached } = result;
  const goal = formatShare(fixedFinal);
  // Of one share of 10,000 test images.
  const error = 100 * Math.sqrt((fixedFinal * (1 - fixedFinal)) / 10_000);
  const verdict =
    clrReached === null
      ? `CLR did not reach the fixed run's final accuracy, ${goal}, in its ${formatCount(steps)} steps.`
      : `CLR reached the fixed run's final accuracy, ${goal}, within ${formatCount(clrReached)} of ${formatCount(steps)} steps; the fixed run first had it after ${formatCount(fixedReached)}: a ratio of ${(fixedReached / clrReached).toFixed(1)}.`;
  return [
    verdict,
    `After ${formatCount(steps)} steps CLR has ${formatShare(clrFinal)}, the fixed rate ${goal}.`,
    `One run each, measured at the troughs alone; an accuracy on 10,000 images has a standard error of about ${error.toFixed(2)} points.`,
  ];
}

import type { TrainingRun } from '@clr/core';
import { isHopeless, tail } from './judged.ts';
import { rounded } from './sweeps.ts';

/** The result of training at one constant rate after some steps. */
export interface Outcome {
  /** True if every training loss was finite, and the mean of the last twenty is below the first. */
  readonly stable: boolean;
  /** The mean of the last twenty training losses. `null` if a training loss was not finite. */
  readonly tail: number | null;
  /**
   * Accuracy on the validation data: the mean of evaluations at 90 %, 95 % and 100 % of the steps. 0 if a loss was not
   * finite.
   */
  readonly accuracy: number;
}

/** A training run at one constant rate. */
export interface FixedRun extends Outcome {
  readonly lr: number;
  /** The loss before the first update. */
  readonly initial: number;
  /** The result after a quarter of the steps. A shorter run would give the same, because the rate is constant. */
  readonly quarter: Outcome;
}

/** The steps at which a run of `end` steps is evaluated. */
export const looksAt = (end: number): number[] => [0.9, 0.95, 1].map((share) => Math.round(share * end));

/** Reads the record of a run that was planned for a given number of steps. */
export function fixedRun({ steps: taken, troughs }: TrainingRun, steps: number): FixedRun {
  const losses = taken.map(({ loss }) => loss ?? Number.NaN);
  // The NaN with which `judged` ended the run is not a loss of the model.
  if (isHopeless(losses.slice(0, -1), steps)) losses.pop();
  const seen = new Map(troughs.map(({ step, accuracy }) => [step, accuracy ?? 0]));
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const outcome = (end: number): Outcome => {
    const finite = losses.slice(0, end).every(Number.isFinite);
    const last = [...seen.keys()].filter((step) => step <= Math.min(end, losses.length)).at(-1);
    // If the run ended earlier, its last accuracy counts.
    const accuracies = looksAt(end).map((step) => seen.get(step) ?? seen.get(last ?? 0) ?? 0);
    return {
      stable: finite && losses.length >= end && tail(losses, end) < losses[0]!,
      tail: finite ? rounded(tail(losses, Math.min(end, losses.length))) : null,
      accuracy: finite ? rounded(mean(accuracies), 5)! : 0,
    };
  };
  const quarter = outcome(Math.round(steps / 4));
  return { lr: taken[0]!.lr, initial: rounded(losses[0]!)!, ...outcome(steps), quarter };
}

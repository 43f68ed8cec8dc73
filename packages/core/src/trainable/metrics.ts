import type { TrainingRun, Trough } from './run.ts';
import type { Metrics } from './trainable.ts';

/** True if one result is better than another: by accuracy if both have an accuracy, else by loss. */
export function isBetter(a: Metrics, b: Metrics): boolean {
  return gain(a, b) > 0;
}

/** The lead of `a` over `b`: in accuracy if both have an accuracy, else in loss. */
export function gain(a: Metrics, b: Metrics): number {
  return a.accuracy !== undefined && b.accuracy !== undefined ? a.accuracy - b.accuracy : b.loss - a.loss;
}

/** A record's metrics, if they can be compared. They are undefined if the loss is missing or not finite. */
export function comparable({ loss, accuracy }: Pick<Trough, 'loss' | 'accuracy'>): Metrics | undefined {
  if (typeof loss !== 'number') return undefined;
  return typeof accuracy === 'number' ? { loss, accuracy } : { loss };
}

/** The final metrics of a run: its last evaluation, or else the mean training loss of the last tenth of its steps. */
export function endOf({ final, steps, stopped }: TrainingRun): Metrics | undefined {
  if (stopped?.reason === 'diverged') return undefined;
  if (final) return comparable(final);
  const tail = steps.slice(-Math.ceil(steps.length / 10));
  const sum = tail.reduce((total, { loss }) => total + (loss ?? Number.NaN), 0);
  return comparable({ loss: tail.length > 0 ? sum / tail.length : null });
}

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

/**
 * The final metrics of a run: its last evaluation, or else the mean training loss of the last tenth of its steps.
 *
 * @param losses - the losses of the run; at least those of its last tenth
 */
export function endOf(
  { final, step, steps, stopped }: TrainingRun,
  losses: readonly (number | null)[] = steps.map(({ loss }) => loss),
): Metrics | undefined {
  if (stopped?.reason === 'diverged') return undefined;
  if (final) return comparable(final);
  const tail = lastTenth(losses, step);
  const sum = tail.reduce<number>((total, loss) => total + (loss ?? Number.NaN), 0);
  return comparable({ loss: tail.length > 0 ? sum / tail.length : null });
}

/** The losses of the last tenth of the steps of a run. */
export function lastTenth<Loss>(losses: readonly Loss[], steps: number): readonly Loss[] {
  return steps > 0 ? losses.slice(-Math.ceil(steps / 10)) : [];
}

import { checkOptionNames } from '../checkOptionNames.ts';
import { integer, list, number, stepCount } from '../fields.ts';
import { comparable, gain } from '../trainable/metrics.ts';
import type { Trough } from '../trainable/run.ts';
import type { Metrics } from '../trainable/trainable.ts';

/** Options of {@link readTroughs}. */
export interface ReadTroughsOptions {
  /**
   * The number of cycles without gain after which the bounds are reduced or training stops. Default 4; the paper says 3
   * to 5.
   */
  readonly patience?: number;
  /** The smallest change that counts as a gain, in accuracy if there is one, else in loss. Default 0. */
  readonly minGain?: number;
  /**
   * The number of reductions of the bounds before the advice to stop. Default 2, as in the main experiment of Smith's
   * paper.
   */
  readonly reductions?: number;
  /** The steps at which the bounds were already reduced. The count of cycles without gain starts again at each. */
  readonly reducedAt?: readonly number[];
}

/** The result of {@link readTroughs}. */
export interface TroughReading {
  /** The best trough; `null` while none has metrics. */
  readonly best: Trough | null;
  /** Cycles since the best trough or the last reduction of the bounds. */
  readonly cyclesWithoutGain: number;
  /** `'reduce bounds'` advises you to divide both bounds by the same number. The paper divides them by ten. */
  readonly advice: 'go on' | 'reduce bounds' | 'stop';
  /** The reason, as a sentence. */
  readonly reason: string;
}

/**
 * Gives the paper's advice at the troughs: when to reduce the bounds, and when to stop. It compares the accuracy if
 * there is one, else the loss.
 *
 * @param troughs - all troughs of the run, from the first on: `TrainingRun.troughs`
 * @throws {PolicyError} if `patience` is not a positive integer, or another option is negative
 * @see Smith, arXiv 1506.01186, sections 3.2 and 5
 *
 * @example
 * ```ts
 * const troughs = [0.6, 0.7, 0.69, 0.7, 0.68].map((accuracy, cycle) => {
 *   return { step: 100 * (cycle + 1), cycle, loss: 1 - accuracy, accuracy };
 * });
 * readTroughs(troughs, { patience: 3 }).advice; // 'reduce bounds'
 * readTroughs(troughs, { patience: 3, reducedAt: [400] }).advice; // 'go on'
 * ```
 */
export function readTroughs(troughs: readonly Trough[], options: ReadTroughsOptions = {}): TroughReading {
  const names = ['patience', 'minGain', 'reductions', 'reducedAt'] as const;
  checkOptionNames('clr/core', 'readTroughs', options, names);
  const { patience = 4, minGain = 0, reductions = 2, reducedAt = [] } = options;
  stepCount(patience, 'patience');
  integer(0)(reductions, 'reductions');
  number((gain) => gain >= 0, 'of at least 0')(minGain, 'minGain');
  list(integer(0), 0)(reducedAt, 'reducedAt');
  let best: Trough | null = null;
  let bar: Metrics | undefined;
  for (const trough of troughs) {
    const metrics = comparable(trough);
    if (metrics && !(bar && gain(metrics, bar) <= minGain)) [best, bar] = [trough, metrics];
  }
  const since = reducedAt.reduce((latest, step) => Math.max(latest, step), best?.step ?? 0);
  const cyclesWithoutGain = troughs.filter(({ step }) => step > since).length;
  const advice =
    !bar || cyclesWithoutGain < patience ? 'go on' : reducedAt.length < reductions ? 'reduce bounds' : 'stop';
  const [name, value] = bar?.accuracy === undefined ? ['loss', bar?.loss] : ['accuracy', bar.accuracy];
  const reason = best
    ? `${cyclesWithoutGain} cycles without gain since step ${since} (best ${name} ${value?.toPrecision(4)} at step ${best.step}; bounds reduced ${reducedAt.length} times): ${advice}.`
    : 'No trough has metrics: continue.';
  return { best, cyclesWithoutGain, advice, reason };
}

import type { RangeTestSuggestion } from '../rangeTest/finding.ts';
import type { AbortSignalLike } from './abortSignal.ts';
import { attempt, thenTidyUp } from './attempt.ts';
import type { Batches, Pass } from './batches.ts';
import { comparable, endOf, gain, isBetter } from './metrics.ts';
import { type CyclePlan, planCycles } from './planCycles.ts';
import { measure } from './recorded.ts';
import { train } from './train.ts';
import type { Metrics, Trainable } from './trainable.ts';

/** A fixed rate against CLR: the paper's own way to choose between them. */
export interface Verdict {
  readonly winner: 'clr' | 'fixed';
  readonly clr: Metrics;
  readonly fixed: Metrics;
  /** How much better the winner is: in accuracy where there is one, else in loss. */
  readonly margin: number;
  /** Whether one diverged, or the margin is more than chance in trials so short: two points of accuracy, or 2 % of the loss. */
  readonly clear: boolean;
  /** How many steps each of the two took. */
  readonly steps: number;
}

/** What {@link giveVerdict} needs to know. */
export interface VerdictOptions<Batch> {
  readonly suggestion: RangeTestSuggestion;
  /** How many steps each of the two may take. */
  readonly steps: number;
  readonly validation?: Pass<Batch> | undefined;
  readonly signal?: AbortSignalLike;
}

/**
 * Trains twice from the same state on the same batches, with the fixed rate and under CLR, both divided by ten for
 * the last fifth, and puts the state back. One that diverges loses. `undefined` if it was aborted, or both diverged. (Batches
 * from a function that shuffles are the same if it shuffles by its epoch number alone.)
 *
 * @see Smith, arXiv 1506.01186, section 3.3
 */
export async function giveVerdict<Batch>(
  trainable: Trainable<Batch>,
  batches: Batches<Batch>,
  { suggestion, steps: budget, validation, signal }: VerdictOptions<Batch>,
): Promise<Verdict | undefined> {
  const plan = (baseLr: number, maxLr: number) => planCycles({ baseLr, maxLr, steps: Math.max(10, budget) });
  const { fixedLr, baseLr, maxLr } = suggestion;
  const start = await attempt('snapshot()', 'before the verdict', () => trainable.snapshot());
  const trial = async (candidate: CyclePlan): Promise<Metrics | undefined> => {
    const run = await train(trainable, batches, { ...candidate, ...(signal && { signal }) });
    if (!validation || run.stopped) return endOf(run);
    const end = await measure(trainable, validation, `after ${candidate.steps} steps of a trial`, signal);
    return end && comparable(end);
  };
  const undone = (candidate: CyclePlan): Promise<Metrics | undefined> =>
    thenTidyUp(
      () => trial(candidate),
      () =>
        attempt('restore()', 'after a trial', () => trainable.restore(start), 'The model is not as it was.'),
    );
  const fixedEnd = await undone(plan(fixedLr, fixedLr));
  const cycles = plan(baseLr, maxLr);
  const clrEnd = await undone(cycles);
  if (signal?.aborted || !(fixedEnd ?? clrEnd)) return undefined;
  const [fixed, clr] = [fixedEnd ?? lost, clrEnd ?? lost];
  const margin = Math.abs(gain(clr, fixed));
  const chance = 0.02 * (fixed.accuracy === undefined ? Math.abs(fixed.loss) : 1);
  const clear = margin > chance || !clrEnd || !fixedEnd;
  return { winner: isBetter(fixed, clr) ? 'fixed' : 'clr', clr, fixed, margin, clear, steps: cycles.steps };
}

const lost: Metrics = { loss: Infinity, accuracy: 0 };

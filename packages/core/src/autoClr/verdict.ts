import type { RangeTestFinding } from '../rangeTest/finding.ts';
import { train } from '../train/train.ts';
import { evaluateLogged } from '../trainable/loggedMetrics.ts';
import { comparable, endOf, gain, isBetter } from '../trainable/metrics.ts';
import type { Metrics } from '../trainable/trainable.ts';
import { thenTidyUp, withContext } from '../trainable/withContext.ts';
import type { Trial, Verdict } from './autoClrResult.ts';
import { makePlan, type Plan } from './makePlan.ts';
import { counting, type Session } from './session.ts';

const diverged: Metrics = { loss: Infinity, accuracy: 0 };

/**
 * Trains under each plan from the same state on the same batches, and restores the state. A plan that diverges loses.
 * `undefined` after an abort, or if all plans diverged. (If `batches` is a function, the plans get the same batches
 * only if its shuffling depends on nothing but the epoch number.)
 *
 * @see Smith, arXiv 1506.01186, section 3.3
 */
export async function giveVerdict<Batch>(
  session: Session<Batch>,
  finding: RangeTestFinding,
): Promise<Verdict | undefined> {
  const { trainable, plan, rivals, trialSteps: steps } = session;
  const start = await withContext('snapshot()', 'before the verdict', () => trainable.snapshot());
  const advice = 'The model was not restored.';
  const trials: Trial[] = [];
  for (const each of [plan, ...rivals]) {
    const end = await thenTidyUp(
      () => endOfTrial(session, finding, each),
      () => withContext('restore()', 'after a trial', () => trainable.restore(start), advice),
    );
    trials.push({ plan: each, ...(end && { end }) });
  }
  if (session.options.signal?.aborted || !trials.some(({ end }) => end)) return undefined;
  const best = ([first, ...others]: readonly Trial[]): Trial =>
    others.reduce((a, b) => (isBetter(b.end ?? diverged, a.end ?? diverged) ? b : a), first!);
  const winner = best(trials);
  const other = winner === trials[0] ? best(trials.slice(1)) : trials[0]!;
  const beaten = other.end ?? diverged;
  const margin = gain(winner.end!, beaten);
  const chance = 0.02 * (beaten.accuracy === undefined ? Math.abs(beaten.loss) : 1);
  return { winner: winner.plan, trials, margin, clear: !other.end || margin > chance, steps };
}

async function endOfTrial<Batch>(
  session: Session<Batch>,
  finding: RangeTestFinding,
  plan: Plan,
): Promise<Metrics | undefined> {
  const { batches, options, trialSteps } = session;
  const { validation, signal, stepsPerEpoch } = options;
  const trainable = counting(session, 'verdict');
  const made = makePlan(plan, finding, trialSteps, stepsPerEpoch);
  const run = await train(trainable, batches, { ...made, ...(signal && { signal }) });
  if (!validation || run.stopped) return endOf(run);
  const end = await evaluateLogged(trainable, validation, `after ${made.steps} steps of a trial`, signal);
  return end && comparable(end);
}

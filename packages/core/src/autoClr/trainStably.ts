import { rateOf, showNumber } from '../rangeTest/describe.ts';
import type { RangeTestFinding } from '../rangeTest/finding.ts';
import type { LoggedMetrics } from '../trainable/loggedMetrics.ts';
import { withContext } from '../trainable/withContext.ts';
import { makePlan, type Plan } from './makePlan.ts';
import type { Session } from './session.ts';
import { type TrainedPlan, trainPlan } from './trainPlan.ts';

/** The number of times that a run may start again, and the divisor of its rates each time. */
const retries = { most: 3, divisor: 4 } as const;

/**
 * The warm-up's share of the steps after a sweep that has warmed up the model. It was chosen to be short, so that the
 * rate is soon high again.
 */
const restOfWarmup = 0.01;

/** The same finding with all rates multiplied by `factor`. */
function scaled(finding: RangeTestFinding, factor: number): RangeTestFinding {
  const suggestion = finding.suggestion!;
  const { baseLr, maxLr, fixedLr } = suggestion;
  const rates = { baseLr: factor * baseLr, maxLr: factor * maxLr, fixedLr: factor * fixedLr };
  return { ...finding, suggestion: { ...suggestion, ...rates } };
}

/**
 * Trains a plan with the rest of the budget. If a sweep warmed up the model, training continues from that state. A
 * run that diverges before its first trough starts again from the beginning at a quarter of its rates, because the
 * edge of a range test is only an estimate. The finding's `reasons` report each new start.
 */
export async function trainStably<Batch>(
  session: Session<Batch>,
  plan: Plan,
  finding: RangeTestFinding,
  start: LoggedMetrics | undefined,
): Promise<TrainedPlan & { readonly finding: RangeTestFinding }> {
  const { trainable, cost, left, firstCycle, options } = session;
  const reasons = [...finding.reasons];
  let warm = session.warm;
  if (warm) {
    const { snapshot, lr } = warm;
    await withContext('restore()', 'before training', () => trainable.restore(snapshot));
    reasons.push(
      `The training continued from the state in which the sweep had reached ${showNumber(lr)}. The sweep up to there was its warm-up.`,
    );
  }
  for (let [factor, more] = [1, retries.most as number]; ; factor /= retries.divisor, more--) {
    const warmup = warm && restOfWarmup;
    const made = makePlan(plan, scaled(finding, factor), left(), options.stepsPerEpoch, warmup);
    const trained = await trainPlan(session, made, start);
    const { run, best } = trained;
    cost.training += run.steps.length;
    const lost = run.stopped?.reason === 'diverged' && !best?.step;
    if (!lost || more === 0 || left() < firstCycle) return { ...trained, finding: { ...finding, reasons } };
    const last = run.steps.at(-1)!;
    if (warm) {
      const { before } = warm;
      await withContext('restore()', 'after training', () => trainable.restore(before));
      warm = undefined;
    }
    reasons.push(`The training diverged at ${rateOf(last)} and started again at a quarter of its rates.`);
  }
}

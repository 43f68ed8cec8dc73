import { rateOf, showNumber } from '../rangeTest/describe.ts';
import type { RangeTestFinding } from '../rangeTest/finding.ts';
import { attempt } from '../trainable/attempt.ts';
import type { LoggedMetrics } from '../trainable/loggedMetrics.ts';
import { makePlan, type Plan } from './makePlan.ts';
import type { Session } from './session.ts';
import { type TrainedPlan, trainPlan } from './trainPlan.ts';

/** How often a training may begin again, and what its rates are divided by each time. */
const retries = { most: 3, divisor: 4 } as const;

/** The share of the steps for the way up from 0 where a sweep was the warm-up. Chosen: the rate is high again at once. */
const restOfWarmup = 0.01;

/** The same finding with all rates multiplied. */
function scaled(finding: RangeTestFinding, factor: number): RangeTestFinding {
  const suggestion = finding.suggestion!;
  const { baseLr, maxLr, fixedLr } = suggestion;
  const rates = { baseLr: factor * baseLr, maxLr: factor * maxLr, fixedLr: factor * fixedLr };
  return { ...finding, suggestion: { ...suggestion, ...rates } };
}

/**
 * Trains a plan on what is left of the budget, from the state that a sweep has warmed up, if there is one. A training that diverged before it reached anything begins again from the
 * start, at a quarter of its rates, and the finding says so: the edge of a range test is an estimate.
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
    await attempt('restore()', 'before training', () => trainable.restore(snapshot));
    reasons.push(
      `The training went on from where the sweep had reached ${showNumber(lr)}: up to there it was its warm-up.`,
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
      await attempt('restore()', 'after training', () => trainable.restore(before));
      warm = undefined;
    }
    reasons.push(`The training diverged at ${rateOf(last)} and began again at a quarter of its rates.`);
  }
}

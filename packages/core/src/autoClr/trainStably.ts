import { rateOf, showNumber } from '../rangeTest/describe.ts';
import type { RangeTestFinding } from '../rangeTest/finding.ts';
import type { Checkpoint } from '../trainable/checkpoint.ts';
import { withContext } from '../trainable/withContext.ts';
import { makePlan } from './makePlan.ts';
import { type AutoClrState, type Progress, plainVerdict, type Search } from './resume.ts';
import type { Session } from './session.ts';
import { type TrainedPlan, trainPlan } from './trainPlan.ts';

/** The number of times that a run may start again, and the divisor of its rates each time. */
const retries = { first: { factor: 1, more: 3 }, divisor: 4 } as const;

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
  { trace, finding, start, verdict }: Search,
): Promise<TrainedPlan & { readonly finding: RangeTestFinding }> {
  const { trainable, cost, left, firstCycle, resumed, options } = session;
  // A small margin in a short trial means little.
  const plan = verdict?.clear ? verdict.winner : session.plan;
  const reasons = [...finding.reasons];
  const found = () => ({ ...finding, reasons: [...reasons] });
  let { warm } = session;
  const snapshot = () => withContext('snapshot()', 'before training', () => trainable.snapshot());
  const home = resumed?.home ?? warm?.before ?? (await snapshot());
  if (warm) {
    const { snapshot, lr } = warm;
    await withContext('restore()', 'before training', () => trainable.restore(snapshot));
    reasons.push(
      `The training continued from the state in which the sweep had reached ${showNumber(lr)}. The sweep up to there was its warm-up.`,
    );
  }
  let from = resumed && { ...resumed.progress, ...options.from! };
  for (let { factor, more } = resumed?.retries ?? retries.first; ; factor /= retries.divisor, more--) {
    const warmup = warm && restOfWarmup;
    const made = from ?? makePlan(plan, scaled(finding, factor), left(), options.stepsPerEpoch, warmup);
    const spent = { ...cost };
    const save = async (at: Checkpoint, progress: Progress): Promise<void> => {
      const { untrained, untouched, settings } = session;
      const autoClr: AutoClrState = {
        ...{ version: 1, settings, trace, finding: found(), cost: spent, untrained, home, progress },
        ...(untouched && untouched !== home && { untouched }),
        ...(start && { start }),
        ...(verdict && { verdict: plainVerdict(verdict) }),
        retries: { factor, more },
      };
      await options.checkpoint!.save({ ...at, autoClr });
    };
    const trained = await trainPlan(session, made, { home, start, from, save });
    from = undefined;
    const { run, best } = trained;
    cost.training += run.step;
    const lost = run.stopped?.reason === 'diverged' && !best?.step;
    if (!lost || more === 0 || left() < firstCycle) return { ...trained, finding: found() };
    warm = undefined;
    const last = run.steps.at(-1)!;
    reasons.push(`The training diverged at ${rateOf(last)} and started again at a quarter of its rates.`);
  }
}

import { analyzeRangeTest } from '../rangeTest/analyzeRangeTest.ts';
import { rangeTestSteps } from '../rangeTest/calibration.ts';
import { distances } from '../rangeTest/distances.ts';
import { isHigh, uninformedLoss } from '../rangeTest/highStart.ts';
import { isFiniteLoss } from '../rangeTest/poolTraces.ts';
import { rangeTest } from '../rangeTest/rangeTest.ts';
import type { RangeTestOptions } from '../rangeTest/rangeTestOptions.ts';
import type { RangeTestPoint, RangeTestTrace } from '../rangeTest/trace.ts';
import { median } from '../statistics.ts';
import { first, passOf } from '../trainable/batches.ts';
import { constantLogged, evaluateLogged, type LoggedMetrics } from '../trainable/loggedMetrics.ts';
import type { Metrics } from '../trainable/trainable.ts';
import { withContext } from '../trainable/withContext.ts';
import type { AutoClrResult } from './autoClrResult.ts';
import { roomForTest, roomToRepeat } from './budget.ts';
import { detectPretrained } from './detectPretrained.ts';
import { keepOnTheWay } from './keepOnTheWay.ts';
import { inDoubt, refuseInDoubt } from './refuseInDoubt.ts';
import { counting, type Session } from './session.ts';
import { roomAfterSettling, settle, settledReason } from './settle.ts';

type Tested = Pick<AutoClrResult, 'trace' | 'finding'>;

/** The number of steps at the start of a sweep whose rates are too low to train anything. */
const untrainedSteps = 10;

/** The updates for each rate if a model is already trained. */
const probeUpdates = 5;

/**
 * Finds the rates for a model. It makes a sweep (two if a doubt remains), or tries each rate separately if the model is
 * already trained. The budget pays for all of this.
 */
export async function findRates<Batch>(session: Session<Batch>): Promise<Tested> {
  const { trainable, batches, options } = session;
  const { steps, signal } = options;
  const start = await startOf(session);
  const constant = await constantLogged(trainable, batches, signal);
  const pretrained = detectPretrained(start, constant);

  if (options.updatesPerRate) return probeRates(session, options.updatesPerRate, constant);
  if (pretrained?.trained)
    return because([pretrained.reason], await probeRates(session, probeUpdates, constant));
  const startLoss = start?.loss ?? 0;
  const high = isHigh(startLoss, uninformedLoss(constant, startLoss));
  let swept = await sweepRates(session, constant);
  // If the best constant answer is unknown, only the sweep shows that the loss started high. The fall from this start
  // would look like learning.
  const { trace, finding } = swept;
  const useless = high ? inDoubt(finding) : !constant && fellAtOnce(trace);
  const settled =
    useless && !signal?.aborted
      ? await settle(session, trace.coarse ?? trace.points, constant?.loss)
      : undefined;
  const before = settled ? [settledReason(high ? start?.loss : null, constant?.loss, settled)] : [];
  if (settled) swept = because(before, await sweepRates(session, constant, roomAfterSettling(steps)));
  if (high) swept = { ...swept, finding: refuseInDoubt(swept.finding) };
  if (swept.finding.suggestion || signal?.aborted) return swept;
  const room = roomForTest(steps);
  const spare = session.left() - session.verdictSteps - session.firstCycle;
  if (pretrained && spare >= room) {
    const reasons = [...swept.finding.reasons, pretrained.reason];
    return because(reasons, await probeRates(session, probeUpdates, constant));
  }
  // A longer test may succeed after a short one failed.
  const more = roomToRepeat(steps, session.cost.rangeTest);
  if (!high && more >= rangeTestSteps.least && spare >= more) {
    return because(before, await test(session, { steps: more }, constant));
  }
  if (room >= rangeTestSteps.least) return swept;
  return because([`A budget of ${steps} steps leaves ${room} for the range test. Give more steps.`], swept);
}

/** The metrics of the model on training batches, which are what a range test sees. */
function startOf<Batch>({ trainable, batches, options }: Session<Batch>): Promise<LoggedMetrics | undefined> {
  return evaluateLogged(trainable, first(passOf(batches, 0), 20), 'before any step', options.signal);
}

/** True if the fine sweep began with less than half of the coarse sweep's first loss, at rates far below the edge. */
function fellAtOnce({ points, coarse = [] }: RangeTestTrace): boolean {
  const tenth = (of: readonly RangeTestPoint[]): number => {
    const losses = of.slice(0, Math.max(5, of.length / 10)).filter(isFiniteLoss);
    return losses.length > 0 ? median(losses.map(({ loss }) => loss!)) : Number.NaN;
  };
  return tenth(points) < tenth(coarse) / 2;
}

/** A range test by sweeps, then a longer one if a doubt remains and the budget allows it. */
async function sweepRates<Batch>(
  session: Session<Batch>,
  constant: LoggedMetrics | undefined,
  room: number = roomForTest(session.options.steps),
): Promise<Tested> {
  const before = session.cost.rangeTest;
  const tested = await test(session, { steps: Math.min(rangeTestSteps.first, room) }, constant);
  const sure = (tested.finding.suggestion?.certainty ?? 0) >= rangeTestSteps.sure;
  const rest = room - (session.cost.rangeTest - before);
  if (sure || rest < rangeTestSteps.least || session.options.signal?.aborted) return tested;
  return test(session, { steps: Math.min(rangeTestSteps.more, rest) }, constant);
}

/** A range test that tries each rate separately. */
function probeRates<Batch>(
  session: Session<Batch>,
  wanted: number,
  constant: LoggedMetrics | undefined,
): Promise<Tested> {
  const room = roomForTest(session.options.steps);
  const updates = Math.min(wanted, Math.floor(room / 2));
  return test(session, { updatesPerRate: updates, steps: Math.floor(room / updates) }, constant);
}

async function test<Batch>(
  session: Session<Batch>,
  how: Pick<RangeTestOptions<Batch>, 'updatesPerRate' | 'steps'>,
  constant: LoggedMetrics | undefined,
): Promise<Tested> {
  const { signal, onEvent } = session.options;
  const known = { ...(constant && { constantAnswer: async () => constant as Metrics }) };
  const counted = counting(session, 'rangeTest');
  const { trainable, passed } = session.warms
    ? keepOnTheWay(counted, distances(counted.updateKind ?? 'unknown', session.options.steps).maxLr)
    : { trainable: counted, passed: [] };
  const trace = await rangeTest({ ...trainable, ...known }, session.batches, {
    ...how,
    ...(signal && { signal }),
    onStep: (point) => onEvent?.({ type: 'sweep', point }),
  });
  const first = (trace.updatesPerRate ? [] : (trace.coarse ?? trace.points)).slice(0, untrainedSteps);
  session.untrained = first.filter(isFiniteLoss).map(({ loss }) => loss!);
  const steps = Math.max(1, session.left() - session.verdictSteps);
  const finding = analyzeRangeTest(trace, { steps });
  const warm = passed.filter(({ lr }) => lr <= (finding.suggestion?.maxLr ?? 0)).at(-1);
  if (warm) {
    const before = await withContext('snapshot()', 'after the range test', () =>
      session.trainable.snapshot(),
    );
    session.untouched ??= before;
    session.warm = { ...warm, before };
  } else delete session.warm;
  return { trace, finding };
}

/** The same finding, with further reasons before its own. */
const because = (reasons: readonly string[], { trace, finding }: Tested): Tested => ({
  trace,
  finding: { ...finding, reasons: [...reasons, ...finding.reasons] },
});

import { analyzeRangeTest } from '../rangeTest/analyzeRangeTest.ts';
import { rangeTestSteps } from '../rangeTest/calibration.ts';
import { isHigh } from '../rangeTest/highStart.ts';
import { isFiniteLoss } from '../rangeTest/poolTraces.ts';
import { rangeTest } from '../rangeTest/rangeTest.ts';
import type { RangeTestOptions } from '../rangeTest/rangeTestOptions.ts';
import { median } from '../rangeTest/statistics.ts';
import type { RangeTestPoint, RangeTestTrace } from '../rangeTest/trace.ts';
import { first, passOf } from '../train/batches.ts';
import { measure, measureConstant, type Recorded } from '../train/recorded.ts';
import type { Metrics } from '../train/trainable.ts';
import type { AutoClrResult } from './autoClrResult.ts';
import { roomForTest } from './budget.ts';
import { detectPretrained } from './detectPretrained.ts';
import { inDoubt, refuseInDoubt } from './refuseInDoubt.ts';
import { counting, type Session } from './session.ts';
import { roomAfterSettling, settle, settledReason } from './settle.ts';

type Tested = Pick<AutoClrResult, 'trace' | 'finding'>;

/** Updates for each rate, where a model is trained already. */
const probeUpdates = 5;

/**
 * Finds the rates for a model: sweeps, once more where these leave a doubt, or probes where the model is trained already.
 * All of it is paid from the budget.
 */
export async function findRates<Batch>(session: Session<Batch>): Promise<Tested> {
  const { trainable, batches, options } = session;
  const { steps, signal } = options;
  const start = await startOf(session);
  const constant = await measureConstant(trainable, batches, signal);
  const pretrained = detectPretrained(start, constant);

  if (options.probe) return probeRates(session, options.probe, constant);
  if (pretrained?.trained)
    return because([pretrained.reason], await probeRates(session, probeUpdates, constant));
  const high = isHigh(start?.loss ?? 0, constant?.loss ?? Infinity);
  let swept = await sweepRates(session, constant);
  // Without a constant answer to compare with, the fall from a high start passes for learning.
  const { trace, finding } = swept;
  const useless = high ? inDoubt(finding) : !constant && fellAtOnce(trace);
  const settled =
    useless && !signal?.aborted ? await settle(session, trace.scout ?? trace.points) : undefined;
  if (settled) {
    const reason = settledReason(high ? start?.loss : null, constant?.loss, settled);
    swept = because([reason], await sweepRates(session, constant, roomAfterSettling(steps)));
  }
  if (high) swept = { ...swept, finding: refuseInDoubt(swept.finding) };
  if (swept.finding.suggestion || signal?.aborted) return swept;
  const room = roomForTest(steps);
  if (pretrained && session.left() - room >= session.verdictSteps + session.firstCycle) {
    const reasons = [...swept.finding.reasons, pretrained.reason];
    return because(reasons, await probeRates(session, probeUpdates, constant));
  }
  if (room >= rangeTestSteps.least) return swept;
  return because([`A budget of ${steps} steps leaves ${room} for the range test. Give more.`], swept);
}

/** The metrics of the model on training batches: they are what a range test sees. */
function startOf<Batch>({ trainable, batches, options }: Session<Batch>): Promise<Recorded | undefined> {
  return measure(trainable, first(passOf(batches, 0), 20), 'before any step', options.signal);
}

/** Whether the fine sweep began below half of the coarse one's start, at rates 300 times below the edge. */
function fellAtOnce({ points, scout = [] }: RangeTestTrace): boolean {
  const tenth = (of: readonly RangeTestPoint[]): number => {
    const losses = of.slice(0, Math.max(5, of.length / 10)).filter(isFiniteLoss);
    return losses.length > 0 ? median(losses.map(({ loss }) => loss!)) : Number.NaN;
  };
  return tenth(points) < tenth(scout) / 2;
}

/** One range test by sweeps, and a longer one where it leaves a doubt and the budget has room for it. */
async function sweepRates<Batch>(
  session: Session<Batch>,
  constant: Recorded | undefined,
  room: number = roomForTest(session.options.steps),
): Promise<Tested> {
  const before = session.cost.rangeTest;
  const tested = await test(session, { steps: Math.min(rangeTestSteps.first, room) }, constant);
  const sure = (tested.finding.suggestion?.confidence ?? 0) >= rangeTestSteps.sure;
  const rest = room - (session.cost.rangeTest - before);
  if (sure || rest < rangeTestSteps.least || session.options.signal?.aborted) return tested;
  return test(session, { steps: Math.min(rangeTestSteps.more, rest) }, constant);
}

/** One range test that tries every rate by itself. */
function probeRates<Batch>(
  session: Session<Batch>,
  probe: number,
  constant: Recorded | undefined,
): Promise<Tested> {
  const room = roomForTest(session.options.steps);
  const updates = Math.min(probe, Math.floor(room / 2));
  return test(session, { probe: updates, steps: Math.floor(room / updates) }, constant);
}

async function test<Batch>(
  session: Session<Batch>,
  how: Pick<RangeTestOptions<Batch>, 'probe' | 'steps'>,
  constant: Recorded | undefined,
): Promise<Tested> {
  const { signal, onEvent } = session.options;
  const known = { ...(constant && { constantAnswer: async () => constant as Metrics }) };
  const trace = await rangeTest({ ...counting(session, 'rangeTest'), ...known }, session.batches, {
    ...how,
    ...(signal && { signal }),
    onStep: (point) => onEvent?.({ type: 'sweep', point }),
  });
  const steps = Math.max(1, session.left() - session.verdictSteps);
  return { trace, finding: analyzeRangeTest(trace, { steps }) };
}

/** The same, with further reasons before its own. */
const because = (reasons: readonly string[], { trace, finding }: Tested): Tested => ({
  trace,
  finding: { ...finding, reasons: [...reasons, ...finding.reasons] },
});

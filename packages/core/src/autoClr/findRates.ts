import { analyzeRangeTest } from '../rangeTest/analyzeRangeTest.ts';
import { rangeTestSteps } from '../rangeTest/calibration.ts';
import { rangeTest } from '../rangeTest/rangeTest.ts';
import type { RangeTestOptions } from '../rangeTest/rangeTestOptions.ts';
import { first, passOf } from '../train/batches.ts';
import { measure } from '../train/recorded.ts';
import type { AutoClrResult } from './autoClrResult.ts';
import { roomForTest } from './budget.ts';
import { detectPretrained } from './detectPretrained.ts';
import { counting, type Session } from './session.ts';

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
  // A range test sees only training batches, so measure the model on those.
  const some = first(passOf(batches, 0), 20);
  const pretrained = detectPretrained(await measure(trainable, some, 'before any step', signal));

  if (options.probe) return probeRates(session, options.probe);
  if (pretrained?.trained) return because([pretrained.reason], await probeRates(session, probeUpdates));
  const swept = await sweepRates(session);
  if (swept.finding.suggestion || signal?.aborted) return swept;
  const room = roomForTest(steps);
  if (pretrained && session.left() - room >= session.verdictSteps + session.firstCycle) {
    const reasons = [...swept.finding.reasons, pretrained.reason];
    return because(reasons, await probeRates(session, probeUpdates));
  }
  if (room >= rangeTestSteps.least) return swept;
  return because([`A budget of ${steps} steps leaves ${room} for the range test. Give more.`], swept);
}

/** One range test by sweeps, and a longer one where it leaves a doubt and the budget has room for it. */
async function sweepRates<Batch>(session: Session<Batch>): Promise<Tested> {
  const room = roomForTest(session.options.steps);
  const tested = await test(session, { steps: Math.min(rangeTestSteps.first, room) });
  const sure = (tested.finding.suggestion?.confidence ?? 0) >= rangeTestSteps.sure;
  const rest = room - session.cost.rangeTest;
  if (sure || rest < rangeTestSteps.least || session.options.signal?.aborted) return tested;
  return test(session, { steps: Math.min(rangeTestSteps.more, rest) });
}

/** One range test that tries every rate by itself. */
function probeRates<Batch>(session: Session<Batch>, probe: number): Promise<Tested> {
  const room = roomForTest(session.options.steps);
  const updates = Math.min(probe, Math.floor(room / 2));
  return test(session, { probe: updates, steps: Math.floor(room / updates) });
}

async function test<Batch>(
  session: Session<Batch>,
  how: Pick<RangeTestOptions<Batch>, 'probe' | 'steps'>,
): Promise<Tested> {
  const { signal, onEvent } = session.options;
  const trace = await rangeTest(counting(session, 'rangeTest'), session.batches, {
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

import { rangeTestSteps } from '../rangeTest/calibration.ts';
import { showNumber } from '../rangeTest/describe.ts';
import { highAdvice } from '../rangeTest/highStart.ts';
import { isFiniteLoss } from '../rangeTest/poolTraces.ts';
import type { RangeTestPoint } from '../rangeTest/trace.ts';
import type { CustomSchedule } from '../schedule.ts';
import { median, minOf } from '../statistics.ts';
import { train } from '../train/train.ts';
import { withContext } from '../trainable/withContext.ts';
import { roomForTest } from './budget.ts';
import { counting, type Session } from './session.ts';

/**
 * The numbers of settling. A coarse sweep gives the rate at which half of the loss's fall was done. The model trains at
 * the share `share` of that rate, for a tenth of the budget and at most 100 steps. Every `look` steps, training stops
 * if the loss has reached that of the constant answer. The range test after settling may take `testShare` of the
 * budget.
 */
const settling = {
  ...{ share: 0.5, ofBudget: 0.1, most: 100, least: 10, look: 10, window: 3, testShare: 0.15 },
} as const;

/** The updates that a range test may take after settling: more than usual, because the curve is noisier then. */
export const roomAfterSettling = (steps: number): number =>
  Math.max(
    roomForTest(steps),
    Math.min(rangeTestSteps.first + rangeTestSteps.more, Math.floor(steps * settling.testShare)),
  );

/** The result of settling. */
export interface Settled {
  readonly lr: number;
  readonly steps: number;
}

/**
 * If the loss starts far above that of the best constant answer, a range test may see nothing but the fall from that
 * start. In that case the model first settles, that is, it trains a little at a low rate. This rate is half of the rate
 * at which half of the fall was done in a coarse sweep. From an ordinary start, settling would do harm.
 *
 * Settling stops at the loss of the constant answer. If it went on, the model would already learn what the range test
 * needs to see it learn.
 *
 * @param coarse - a coarse sweep from this start
 * @param constantLoss - the loss of the best constant answer, if it is known
 * @returns undefined if the model could not settle; it is then unchanged
 */
export async function settle<Batch>(
  session: Session<Batch>,
  coarse: readonly RangeTestPoint[],
  constantLoss?: number | null,
): Promise<Settled | undefined> {
  const { trainable, batches, options } = session;
  const signal = options.signal && { signal: options.signal };
  const steps = Math.min(settling.most, Math.floor(options.steps * settling.ofBudget));
  if (steps < settling.least) return undefined;
  const lr = carefulRate(coarse);
  if (lr === undefined || options.signal?.aborted) return undefined;
  const before = await withContext('snapshot()', 'before settling', () => trainable.snapshot());
  session.untouched ??= before;
  const reached = { aborted: false };
  const losses: number[] = [];
  const run = await train(counting(session, 'settling'), batches, {
    policy: inLooks(lr),
    steps,
    ...signal,
    stopAtTrough: reached,
    onStep({ loss }) {
      losses.push(loss ?? Number.NaN);
    },
    onCycleEnd() {
      reached.aborted = median(losses.splice(0)) <= (constantLoss ?? -Infinity);
    },
  });
  if (!run.stopped || run.stopped.reason === 'ended') {
    await options.onEvent?.({ type: 'settling', lr, steps: run.step });
    return { lr, steps: run.step };
  }
  await withContext(
    'restore()',
    'after settling',
    () => trainable.restore(before),
    'The model was not restored.',
  );
  return undefined;
}

/**
 * A constant rate whose cycles end where settling checks the losses. At the end of a cycle all losses have arrived,
 * even on devices that report them late.
 */
function inLooks(lr: number): CustomSchedule {
  return {
    lr: () => lr,
    position(step) {
      const cycle = Math.floor(step / settling.look);
      return { cycle, phase: (step % settling.look) / settling.look, cycleEnd: (cycle + 1) * settling.look };
    },
  };
}

/** A share of the first rate at which half of the fall was done. It is undefined if the loss did not fall. */
function carefulRate(points: readonly RangeTestPoint[]): number | undefined {
  const finite = points.filter(isFiniteLoss);
  if (finite.length < 2 * settling.window) return undefined;
  const level = (at: number) =>
    median(finite.slice(Math.max(0, at - settling.window + 1), at + 1).map(({ loss }) => loss!));
  const levels = finite.map((_, at) => level(at));
  const start = levels[settling.window - 1]!;
  const half = (start + minOf(levels)) / 2;
  const at = levels.findIndex((loss) => loss < half);
  return at < 0 ? undefined : settling.share * finite[at]!.lr;
}

/** Tells the user what was done. */
export const settledReason = (
  from: number | null | undefined,
  constantLoss: number | null | undefined,
  { lr, steps }: Settled,
): string =>
  typeof from === 'number' && typeof constantLoss === 'number'
    ? `The loss started at ${showNumber(from)}; the best constant answer has ${showNumber(constantLoss)}. So the model first trained ${steps} steps at ${showNumber(lr)}. ${highAdvice}`
    : `The loss fell below half of its start at rates that hardly train, so the model first trained ${steps} steps at ${showNumber(lr)}. ${highAdvice}`;

import {
  analyzeRangeTest,
  type RangeTestFinding,
  type RangeTestTrace,
  rangeTest,
  type Trainable,
} from '@clr/core';
import { type StoredAdaptive, type StoredSweep, unpack } from './store.ts';
import { linearSweep, type Sweep, sweeps } from './sweeps.ts';

/** Replays the losses of a stored sweep through core's `rangeTest`, which decides where to stop. */
export function replay(stored: StoredSweep): Promise<RangeTestTrace> {
  return replayAs(stored, stored.sweep === 'linear' ? linearSweep(stored.endLr!) : sweeps[stored.sweep]);
}

/** Replays a range test that chose its own rates. Its coarse sweep is kept as recorded. */
export async function replayAdaptive(stored: StoredAdaptive): Promise<RangeTestTrace> {
  const { coarse, startLr, endLr, updateKind } = unpack(stored);
  if (!coarse) return unpack(stored);
  const steps = stored.steps - coarse.length;
  const trace = await replayAs(stored, { startLr, endLr, steps, spacing: 'exponential' });
  return { ...trace, coarse, ...(updateKind && { updateKind }) };
}

/**
 * The finding of a range test without given rates: 200 steps, and 400 more if the result is in doubt.
 *
 * @param budget - the number of training steps, if the analysis gets it
 */
export async function findByDefault(
  stored: readonly StoredAdaptive[],
  seed: number,
  budget?: number,
): Promise<{ readonly finding: RangeTestFinding; readonly cost: number }> {
  let cost = 0;
  const find = async (steps: number): Promise<RangeTestFinding> => {
    const one = stored.find((one) => one.seed === seed && one.steps === steps && !one.randomLabels)!;
    const trace = await replayAdaptive(one);
    cost += trace.points.length + (trace.coarse?.length ?? 0);
    return analyzeRangeTest(trace, budget === undefined ? {} : { steps: budget });
  };
  const first = await find(200);
  const finding = (first.suggestion?.certainty ?? 0) >= 0.5 ? first : await find(400);
  return { finding, cost };
}

/** Replays losses from any source that were recorded at the rates of `sweep`. */
export function replayAs(
  stored: Pick<StoredSweep, 'loss' | 'accuracy'>,
  { startLr, endLr, steps, spacing }: Pick<Sweep, 'startLr' | 'endLr' | 'steps' | 'spacing'>,
): Promise<RangeTestTrace> {
  let step = 0;
  const recording: Trainable<null> = {
    trainStep: () => {
      const [loss, accuracy] = [stored.loss[step], stored.accuracy[step]];
      step++;
      return { loss: loss ?? Number.NaN, accuracy: accuracy ?? Number.NaN };
    },
    evaluate: async () => ({ loss: Number.NaN }),
    snapshot: async () => ({}),
    restore: async () => {},
    dispose: () => {},
  };
  return rangeTest(recording, endless(), { startLr, endLr, steps, spacing });
}

function endless(): Iterable<null> {
  return {
    *[Symbol.iterator]() {
      for (;;) yield null;
    },
  };
}

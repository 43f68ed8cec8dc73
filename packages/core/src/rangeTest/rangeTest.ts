import { checkOrder, integer, oneOf, positiveRate, stepCount } from '../fields.ts';
import { ramp } from '../policies/ramp.ts';
import { toSchedule } from '../toSchedule.ts';
import type { AbortSignalLike } from '../train/abortSignal.ts';
import { attempt, thenTidyUp } from '../train/attempt.ts';
import { type Batches, checkBatches, endless, type Pass } from '../train/batches.ts';
import { measure, type Recorded } from '../train/recorded.ts';
import { runSteps } from '../train/runSteps.ts';
import type { Trainable } from '../train/trainable.ts';
import { analyzeRangeTest } from './analyzeRangeTest.ts';
import { coarseSweep, plainSweep, rangeTestSteps } from './calibration.ts';
import { createDivergenceWatch } from './divergence.ts';
import { probeRates } from './probeRates.ts';
import type { RangeTestPoint, RangeTestTrace } from './trace.ts';

/** Options of {@link rangeTest}. */
export interface RangeTestOptions<Batch> {
  /** The first rate of one plain sweep (0 is allowed when the spacing is linear). Default there 1e-6. */
  readonly startLr?: number;
  /** The last rate of one plain sweep. Default there 10. */
  readonly endLr?: number;
  /**
   * How many steps the whole test may take, at least 2; 100 are too few to trust. Default 200, and 400 more where
   * these leave a doubt; 400 for one plain sweep.
   */
  readonly steps?: number;
  /** One plain sweep with equal ratios or, as in the paper, equal differences from step to step. Default `'exponential'`. */
  readonly spacing?: 'linear' | 'exponential';
  /**
   * Try every rate by itself, with this many updates from the state at the start, instead of one run with a
   * rising rate: for a model that is trained already, which a sweep would spoil before it comes to the rates
   * that matter. Costs as many times the steps; 40 steps of 5 updates are a good start.
   */
  readonly probe?: number;
  /**
   * Batches to evaluate on, some 20 times along the sweep. When probing: evaluated after every rate; default, the
   * next `probe` training batches.
   */
  readonly validation?: Pass<Batch>;
  /** Stops cleanly between two steps; the trace so far is given back. */
  readonly signal?: AbortSignalLike;
  /** Told of every step, in order, some steps late when losses are promises. Each sweep counts from 0. */
  readonly onStep?: (point: RangeTestPoint) => void | Promise<void>;
}

/**
 * The LR range test: a short run with the rate rising, recorded step by step. It stops early where the loss
 * diverges. The model and its optimizer are put back bit for bit, whatever happens: divergence, abort, an error.
 *
 * Where no rates are given, two sweeps: a coarse one, with a third of the steps from 1e-6 to 1e4, finds the edge; a
 * fine one passes slowly from 1/300 of it to where the first diverged, on what steps are left, and is the trace. With
 * `startLr`, `endLr` or `spacing` (or fewer than 100 steps, or batches that last for one pass alone), it is one
 * sweep, as in the paper:
 *
 * `lr_k = startLr + (endLr − startLr) · k / (steps − 1)`, or `startLr · (endLr / startLr)^(k / (steps − 1))`
 *
 * @returns the trace, plain JSON: `analyzeRangeTest` reads it
 * @throws {PolicyError} if a rate or a step count is bad, before anything is touched
 * @throws {ClrError} if there are no batches, a loss is not a number, or the Trainable or the batches throw.
 *   What a callback throws comes out as it is
 * @see Smith, arXiv 1506.01186, section 3.3
 *
 * @example
 * ```ts
 * const trace = await rangeTest(trainable, batches, { startLr: 0.001, endLr: 1, steps: 50 });
 * trace.points[0].lr; // 0.001
 * ```
 */
export async function rangeTest<Batch>(
  trainable: Trainable<Batch>,
  batches: Batches<Batch>,
  options: RangeTestOptions<Batch> = {},
): Promise<RangeTestTrace> {
  const { steps, startLr, endLr, spacing, probe, validation } = options;
  const plain = [startLr, endLr, spacing, probe].some((given) => given !== undefined);
  if (plain || !((steps ?? rangeTestSteps.first) >= rangeTestSteps.least) || 'next' in Object(batches))
    return sweep(trainable, batches, options);
  stepCount(steps ?? rangeTestSteps.first, 'steps');
  if (validation) checkBatches('validation', validation, true);
  const trace = await twoSweeps(trainable, batches, { ...options, steps: steps ?? rangeTestSteps.first });
  const unsure = !((analyzeRangeTest(trace).suggestion?.confidence ?? 0) >= rangeTestSteps.sure);
  if (steps || !unsure || trace.stopped?.reason === 'aborted') return trace;
  return twoSweeps(trainable, batches, { ...options, steps: rangeTestSteps.more });
}

async function twoSweeps<Batch>(
  trainable: Trainable<Batch>,
  batches: Batches<Batch>,
  options: RangeTestOptions<Batch> & { readonly steps: number },
): Promise<RangeTestTrace> {
  const { validation: _, steps, ...rest } = options;
  const coarse = {
    ...rest,
    startLr: coarseSweep.startLr,
    endLr: coarseSweep.endLr,
    steps: Math.ceil(steps / coarseSweep.oneIn),
  };
  const scout = await sweep(trainable, batches, coarse);
  const { points, stopped } = scout;
  if (stopped?.reason !== 'diverged') return scout;
  const end = points.at(-1)!.lr;
  // Where the coarse sweep shows no edge, it ended a little above it.
  const edge = analyzeRangeTest(scout, { resamples: 0 }).edgeLr ?? end / coarseSweep.unclear;
  const fine = {
    startLr: edge / coarseSweep.below,
    endLr: Math.min(end, edge * coarseSweep.above),
    steps: steps - points.length,
  };
  return { ...(await sweep(trainable, batches, { ...options, ...fine })), scout: points };
}

/** One sweep, or one probe of each rate. */
async function sweep<Batch>(
  trainable: Trainable<Batch>,
  batches: Batches<Batch>,
  options: RangeTestOptions<Batch>,
): Promise<RangeTestTrace> {
  const {
    startLr = plainSweep.startLr,
    endLr = plainSweep.endLr,
    steps = plainSweep.steps,
    spacing = 'exponential',
  } = options;
  const { probe, validation: held, signal, onStep } = options;
  const { updateKind } = trainable;
  positiveRate(endLr, 'endLr');
  integer(2)(steps, 'steps');
  if (probe !== undefined) stepCount(probe, 'probe');
  oneOf('linear', 'exponential')(spacing, 'spacing');
  checkOrder({ startLr, endLr }, 'startLr', 'endLr', '');
  const schedule = toSchedule(ramp({ startLr, endLr, steps: steps - 1, spacing }));

  const points: RangeTestPoint[] = [];
  const validation: RangeTestPoint[] = [];
  const watch = createDivergenceWatch();
  const stop = () => watch.diverged || signal?.aborted === true;
  // Without validation the sweep is one stretch; with it, some twenty.
  const stretch = held && !probe ? Math.ceil(steps / 20) : steps;

  checkBatches('batches', batches, false);
  if (held) checkBatches('validation', held, true);
  const snapshot = await attempt('snapshot()', 'before the range test', () => trainable.snapshot());
  const source = endless(batches, signal);
  let control: Recorded | undefined;
  const takeSteps = async (): Promise<void> => {
    const drawn: Batch[] = [];
    while (probe && drawn.length < (held ? 1 : 2) * probe) {
      const next = await attempt('the next batch', `after ${drawn.length}`, () => source.next());
      if (next.done) break;
      drawn.push(next.value);
    }
    const scored = held ?? drawn.slice(probe);
    const probes = { snapshot, batches: drawn.slice(0, probe), held: scored };
    if (probe && !stop()) control = await measure(trainable, scored, 'before any step', signal);
    for (let from = 0; from < steps && !stop(); from += stretch) {
      const span = { from, to: Math.min(steps, from + stretch), stop };
      const records = probe
        ? probeRates(trainable, probes, schedule, { ...span, signal })
        : runSteps(trainable, source, schedule, span);
      for await (const point of records) {
        // Drop steps still in flight at divergence: how many there are depends on how late losses are read.
        if (watch.diverged) continue;
        points.push(point);
        watch.see(point.loss);
        await onStep?.(point);
      }
      const last = points.at(-1);
      if (held && !probe && last && !stop()) {
        const metrics = await measure(trainable, held, `after step ${last.step}`, signal);
        if (metrics) validation.push({ step: last.step, lr: last.lr, ...metrics });
      }
    }
  };
  const closed = () =>
    thenTidyUp(takeSteps, () =>
      attempt('closing the batches', 'after the range test', () => source.return()),
    );
  await thenTidyUp(closed, () =>
    attempt(
      'restore()',
      'after the range test',
      () => trainable.restore(snapshot),
      'The model is not as it was.',
    ),
  );
  return {
    version: 1,
    spacing,
    startLr,
    endLr,
    points,
    ...(held && !probe && { validation }),
    ...(probe && { probe }),
    ...(control && { control }),
    ...(updateKind && { updateKind }),
    ...(points.length < steps && {
      stopped: { step: points.length, reason: watch.diverged ? 'diverged' : 'aborted' },
    }),
  };
}

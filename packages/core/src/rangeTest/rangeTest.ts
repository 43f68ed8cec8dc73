import { checkOptionNames } from '../checkOptionNames.ts';
import { stepCount } from '../fields.ts';
import { type Batches, checkPass } from '../trainable/batches.ts';
import { checkTrainable } from '../trainable/checkTrainable.ts';
import type { Trainable } from '../trainable/trainable.ts';
import { analyzeRangeTest } from './analyzeRangeTest.ts';
import { coarseSweep, rangeTestSteps } from './calibration.ts';
import { gatherEvidence } from './evidence.ts';
import { poolTraces } from './poolTraces.ts';
import type { RangeTestOptions } from './rangeTestOptions.ts';
import { spoiledByData } from './spoiledByData.ts';
import { type Measured, sweep } from './sweep.ts';
import type { RangeTestTrace } from './trace.ts';

const names = [
  ...(['startLr', 'endLr', 'steps', 'spacing', 'updatesPerRate', 'validation', 'sharpness'] as const),
  ...(['signal', 'onStep'] as const),
] as const;

/**
 * The LR range test: a short run with a rising rate, recorded step by step. It stops early if the loss diverges. The
 * model and its optimizer are restored bit for bit, also after divergence, an abort or an error.
 *
 * Without given rates it makes two sweeps. The coarse sweep takes two fifths of the steps, rises from 1e-6 to 1e4,
 * and finds the edge. The fine sweep passes slowly from 1/100 of the edge to the rate at which the coarse sweep
 * diverged. (It begins at 1/300 of the edge if a classifier learned only the class shares in the coarse sweep.) The
 * points of the trace come from the fine sweep. It also measures the batch sharpness, if the Trainable supports it, as a
 * second opinion on the edge.
 *
 * With `startLr`, `endLr` or `spacing` (or fewer than 100 steps, or batches for a single pass) it makes one sweep, as
 * in the paper:
 *
 * `lr_k = startLr + (endLr − startLr) · k / (steps − 1)`, or `startLr · (endLr / startLr)^(k / (steps − 1))`
 *
 * @returns the trace, plain JSON: `analyzeRangeTest` reads it
 * @throws {PolicyError} if a rate or a step count is bad, before anything changes
 * @throws {ClrError} if there are no batches, a loss is not a number, or the Trainable or the batches throw.
 *   Errors of callbacks are passed on unchanged
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
  checkTrainable(trainable);
  const { steps, startLr, endLr, spacing, updatesPerRate, validation } = checkOptionNames(
    'clr/core',
    'rangeTest',
    options,
    names,
  );
  const plain = [startLr, endLr, spacing, updatesPerRate].some((given) => given !== undefined);
  if (plain || !((steps ?? rangeTestSteps.first) >= rangeTestSteps.least) || 'next' in Object(batches))
    return sweep(trainable, batches, options);
  stepCount(steps ?? rangeTestSteps.first, 'steps');
  if (validation) checkPass('validation', validation);
  const trace = await twoSweeps(trainable, batches, { ...options, steps: steps ?? rangeTestSteps.first });
  const unsure = !((analyzeRangeTest(trace).suggestion?.certainty ?? 0) >= rangeTestSteps.sure);
  if (steps || !unsure || trace.stopped?.reason === 'aborted') return trace;
  return twoSweeps(trainable, batches, { ...options, steps: rangeTestSteps.more }, trace);
}

async function twoSweeps<Batch>(
  trainable: Trainable<Batch>,
  batches: Batches<Batch>,
  options: RangeTestOptions<Batch> & { readonly steps: number },
  measured?: Measured,
): Promise<RangeTestTrace> {
  const { validation: _, steps, ...rest } = options;
  const wide = {
    ...rest,
    startLr: coarseSweep.startLr,
    endLr: coarseSweep.endLr,
    steps: Math.ceil(steps / coarseSweep.oneIn),
  };
  const coarse = await sweep(trainable, batches, wide, measured);
  const { points, stopped } = coarse;
  if (stopped?.reason !== 'diverged' || spoiledByData(coarse)) return coarse;
  const end = points.at(-1)!.lr;
  const edge =
    analyzeRangeTest(coarse, { resamples: 0, smoothing: 'none' }).edgeLr ??
    points[Math.max(0, Math.floor(points.length - 1 - coarseSweep.ahead))]!.lr;
  // A sweep that learned only the class shares found the edge of the output biases. The edge of the weights may be far
  // lower.
  const { sharesAlone } = gatherEvidence(poolTraces(coarse), 0);
  const fine = {
    startLr: edge / (sharesAlone ? coarseSweep.belowShares : coarseSweep.below),
    endLr: Math.min(end, edge * coarseSweep.above),
    steps: steps - points.length,
    ...(options.sharpness !== false && trainable.batchSharpness && { sharpEdge: edge }),
  };
  return { ...(await sweep(trainable, batches, { ...options, ...fine }, coarse)), coarse: points };
}

import { stepCount } from '../fields.ts';
import { constant } from '../policies/constant.ts';
import type { Policy } from '../policy.ts';
import { analyzeRangeTest } from '../rangeTest/analyzeRangeTest.ts';
import type { RangeTestFinding } from '../rangeTest/finding.ts';
import { rangeTest } from '../rangeTest/rangeTest.ts';
import type { RangeTestPoint, RangeTestTrace } from '../rangeTest/trace.ts';
import type { AbortSignalLike } from './abortSignal.ts';
import type { Batches } from './batches.ts';
import { comparable, endOf, isBetter } from './metrics.ts';
import { planCycles } from './planCycles.ts';
import type { TrainingRun, TrainingStep, Trough } from './run.ts';
import { train } from './train.ts';
import type { Metrics, Snapshot, Trainable } from './trainable.ts';
import { giveVerdict, type Verdict } from './verdict.ts';

/** Options of {@link autoClr}. */
export interface AutoClrOptions<Batch> {
  /** How many updates the training itself has; the range test takes a tenth of that (200 at least) on top, a verdict a fifth. */
  readonly steps: number;
  /** How many steps one pass over the data takes; lets cycles be counted in epochs. */
  readonly stepsPerEpoch?: number;
  /** Batches to judge by, apart from the training data. Without them the training loss judges. */
  readonly validation?: Iterable<Batch> | AsyncIterable<Batch>;
  /** First train a tenth of the budget each with a fixed rate and with CLR, and keep the winner. Default true. */
  readonly verdict?: boolean;
  /** Stops cleanly between two steps; what was reached is given back. */
  readonly signal?: AbortSignalLike;
  /** Told of everything that happens. */
  readonly onEvent?: (event: AutoClrEvent) => void | Promise<void>;
}

/** What `autoClr` tells of on its way. */
export type AutoClrEvent =
  | { readonly type: 'sweep'; readonly point: RangeTestPoint }
  | { readonly type: 'finding'; readonly finding: RangeTestFinding; readonly trace: RangeTestTrace }
  | { readonly type: 'verdict'; readonly verdict: Verdict }
  | { readonly type: 'policy'; readonly policy: Policy; readonly steps: number }
  | { readonly type: 'step'; readonly step: TrainingStep }
  | { readonly type: 'trough'; readonly trough: Trough };

/** The best state that a run passed through. */
export interface Best extends Metrics {
  readonly step: number;
  readonly snapshot: Snapshot;
}

/** What {@link autoClr} gives back. */
export interface AutoClrResult {
  readonly trace: RangeTestTrace;
  readonly finding: RangeTestFinding;
  /** Absent when the range test was refused or aborted: then nothing was trained. */
  readonly policy?: Policy;
  readonly run?: TrainingRun;
  /** The best trough (or the end), which is also the state that the model is left in. */
  readonly best?: Best;
  readonly verdict?: Verdict;
}

/**
 * From model and data to a trained model with no rate chosen by hand: range test, policy, the paper's own
 * verdict of a fixed rate against CLR, training, and the best trough kept.
 *
 * Where the range test carries no suggestion nothing is trained, the model is as it was, and
 * `finding.reasons` say why.
 *
 * @throws {PolicyError} if `steps` is not a positive integer
 * @throws {ClrError} as `rangeTest` and `train` do
 * @see Smith, arXiv 1506.01186, sections 3.2 and 3.3
 *
 * @example
 * ```ts
 * const { best, finding } = await autoClr(trainable, batches, { steps: 600, validation: batches });
 * best ? best.loss < 0.1 : finding.reasons.length > 0; // true
 * ```
 */
export async function autoClr<Batch>(
  trainable: Trainable<Batch>,
  batches: Batches<Batch>,
  options: AutoClrOptions<Batch>,
): Promise<AutoClrResult> {
  const { steps, stepsPerEpoch, validation, verdict: wantsVerdict = true, signal, onEvent } = options;
  stepCount(steps, 'steps');
  if (stepsPerEpoch !== undefined) stepCount(stepsPerEpoch, 'stepsPerEpoch');
  const common = signal ? { signal } : {};

  const trace = await rangeTest(trainable, batches, {
    ...common,
    steps: Math.max(200, Math.round(steps / 10)),
    onStep: (point) => onEvent?.({ type: 'sweep', point }),
  });
  const finding = analyzeRangeTest(trace);
  await onEvent?.({ type: 'finding', finding, trace });
  const { suggestion } = finding;
  if (suggestion === null || signal?.aborted) return { trace, finding };

  const verdict = wantsVerdict
    ? await giveVerdict(trainable, batches, {
        ...common,
        suggestion,
        steps: Math.round(steps / 10),
        validation,
      })
    : undefined;
  if (verdict) await onEvent?.({ type: 'verdict', verdict });

  const cycles = planCycles({ ...suggestion, steps, stepsPerEpoch });
  const plan = verdict?.winner === 'fixed' ? { policy: constant({ lr: suggestion.fixedLr }), steps } : cycles;
  await onEvent?.({ type: 'policy', ...plan });

  let best: Best | undefined;
  const consider = async (step: number, metrics: Metrics) => {
    if (best === undefined || isBetter(metrics, best)) {
      best = { ...metrics, step, snapshot: await trainable.snapshot() };
    }
  };
  const run = await train(trainable, batches, {
    ...plan,
    ...common,
    ...(validation && { evaluate: validation }),
    onStep: (step) => onEvent?.({ type: 'step', step }),
    onCycleEnd: async ({ snapshot: _, ...trough }) => {
      await onEvent?.({ type: 'trough', trough });
      const metrics = comparable(trough);
      if (metrics) await consider(trough.step, metrics);
    },
  });
  const end = endOf(run);
  // After an abort the end is known by its training loss alone, which troughs are not judged by.
  if (end && (run.final || !best)) await consider(run.step, end);
  if (best) await trainable.restore(best.snapshot);
  return {
    trace,
    finding,
    policy: plan.policy,
    run,
    ...(best && { best }),
    ...(verdict && { verdict }),
  };
}

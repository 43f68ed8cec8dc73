import { ClrError } from '../errors.ts';
import { stepCount } from '../fields.ts';
import type { Policy } from '../policy.ts';
import { analyzeRangeTest } from '../rangeTest/analyzeRangeTest.ts';
import type { RangeTestFinding } from '../rangeTest/finding.ts';
import { rangeTest } from '../rangeTest/rangeTest.ts';
import type { RangeTestPoint, RangeTestTrace } from '../rangeTest/trace.ts';
import type { AbortSignalLike } from './abortSignal.ts';
import { type Batches, checkBatches, first, type Pass, passOf } from './batches.ts';
import { planCycles } from './planCycles.ts';
import type { TroughReading } from './readTroughs.ts';
import { measure } from './recorded.ts';
import type { TrainingRun, TrainingStep, Trough } from './run.ts';
import type { Checkpoint } from './train.ts';
import type { Metrics, Snapshot, Trainable } from './trainable.ts';
import { trainCycles } from './trainCycles.ts';
import { giveVerdict, type Verdict } from './verdict.ts';
import { checkAble } from './visiting.ts';
import { warmth } from './warmth.ts';

/** Options of {@link autoClr}. */
export interface AutoClrOptions<Batch> {
  /** How many updates the training itself has; the range test takes a tenth of that (200 at least) on top, a verdict a fifth. See `cost`. */
  readonly steps: number;
  /** How many steps one pass over the data takes; lets cycles be counted in epochs. */
  readonly stepsPerEpoch?: number;
  /** Batches to judge by, apart from the training data. Without them the training loss judges. */
  readonly validation?: Pass<Batch>;
  /** First train a tenth of the budget each with a fixed rate and with CLR, and keep the winner. Default true. */
  readonly verdict?: boolean;
  /**
   * Updates with which the range test tries each rate by itself, keeping its batches meanwhile. Default: 5 where the
   * model is trained already (and its loss says so, or a sweep saw nothing); else a sweep.
   */
  readonly probe?: number;
  /** After so many cycles without gain the bounds are divided by ten, and later training stops. Default: never. */
  readonly patience?: number;
  /** How often patience may divide the bounds before it stops. Default 2, as in the paper's headline run. */
  readonly reductions?: number;
  /** Average the weights of the last troughs, five at most, and keep that if it is the best. Default false. */
  readonly average?: boolean;
  /** Evaluate the last troughs, five at most, as one ensemble. Default false. */
  readonly ensemble?: boolean;
  /** Stops cleanly between two steps; what was reached is given back. */
  readonly signal?: AbortSignalLike;
  /** Lets the cycle come to its end and stops training at its trough. */
  readonly stopAtTrough?: AbortSignalLike;
  /** Told of everything that happens. */
  readonly onEvent?: (event: AutoClrEvent) => void | Promise<void>;
}

/** What `autoClr` tells of on its way. */
export type AutoClrEvent =
  | { readonly type: 'sweep'; readonly point: RangeTestPoint }
  | { readonly type: 'finding'; readonly finding: RangeTestFinding; readonly trace: RangeTestTrace }
  | { readonly type: 'verdict'; readonly verdict: Verdict }
  /** Also whenever the bounds were reduced. */
  | { readonly type: 'policy'; readonly policy: Policy; readonly steps: number }
  | { readonly type: 'step'; readonly step: TrainingStep }
  /** With `patience`, what the troughs say up to this one. */
  | { readonly type: 'trough'; readonly trough: Trough; readonly reading?: TroughReading }
  | ({ readonly type: 'average' | 'ensemble' } & Joint);

/** Several troughs together. */
export interface Joint extends Metrics {
  /** The troughs that it is of, with their states. */
  readonly troughs: readonly Checkpoint[];
}

/** The best state that a run passed through. */
export interface Best extends Metrics {
  /** 0: nothing was better than the model as it came. */
  readonly step: number;
  readonly snapshot: Snapshot;
  /** Whether it is the average of troughs, made after the last step. */
  readonly averaged?: boolean;
}

/** What {@link autoClr} gives back. */
export interface AutoClrResult {
  readonly trace: RangeTestTrace;
  readonly finding: RangeTestFinding;
  /** Absent when the range test was refused or aborted: then nothing was trained. A fixed rate cycles between equal bounds. */
  readonly policy?: Policy;
  readonly run?: TrainingRun;
  /** The best trough (or the end, the average, or the start), which is also the state that the model is left in. */
  readonly best?: Best;
  /** Absent if both diverged, too: then the bounds were divided by ten at once. */
  readonly verdict?: Verdict;
  /** The metrics of the average of the last troughs, if asked for. */
  readonly average?: Joint;
  /** The metrics of the last troughs as one ensemble, if asked for. */
  readonly ensemble?: Joint;
  /** The updates taken, by what they were taken for. */
  readonly cost: { readonly rangeTest: number; readonly verdict: number; readonly training: number };
}

/**
 * From model and data to a trained model with no rate chosen by hand: range test, policy, the paper's own
 * verdict of a fixed rate against CLR, training, and the best trough kept. A model that is trained already is
 * noticed, and never left worse on `validation` than it came.
 *
 * Where the range test carries no suggestion nothing is trained, the model is as it was, and
 * `finding.reasons` say why.
 *
 * @param batches - and `validation`: what starts a fresh pass whenever it is iterated
 * @throws {PolicyError} if a count is not a positive integer
 * @throws {ClrError} as `rangeTest` and `train` do; then the model is at its best trough, or as it came
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
  for (const name of ['steps', 'stepsPerEpoch', 'probe', 'patience'] as const) {
    if (name === 'steps' || options[name] !== undefined) stepCount(options[name], name);
  }
  checkBatches('batches', batches, true);
  if (validation) checkBatches('validation', validation, true);
  else if (options.patience || options.average || options.ensemble) {
    throw new ClrError('clr/core', {
      expected: 'validation, which patience, average and ensemble judge troughs by',
      received: 'none',
      advice: 'Give batches that are not trained on.',
    });
  }
  if (options.average) checkAble(trainable, 'average');
  if (options.ensemble) checkAble(trainable, 'predictBatch');

  const cost = { rangeTest: 0, verdict: 0, training: 0 };
  let spending: 'rangeTest' | 'verdict' = 'rangeTest';
  const counted: Trainable<Batch> = {
    trainStep(batch, hyper) {
      cost[spending]++;
      return trainable.trainStep(batch, hyper);
    },
    evaluate: (of) => trainable.evaluate(of),
    snapshot: () => trainable.snapshot(),
    restore: (snapshot) => trainable.restore(snapshot),
    dispose() {},
  };
  const common = signal ? { signal } : {};

  const start = validation && (await measure(trainable, validation, 'before any step', signal));
  // What a range test would see of the model's knowledge is what it knows of the training batches.
  const some = first(passOf(batches, 0), 20);
  const warm = warmth(await measure(trainable, some, 'before any step', signal));
  const test = async (probe: number): Promise<Pick<AutoClrResult, 'trace' | 'finding'>> => {
    const length = Math.round(steps / 10 / (probe || 1));
    const trace = await rangeTest(counted, batches, {
      ...common,
      ...(probe ? { probe, steps: Math.max(40, length) } : { steps: Math.max(200, length) }),
      onStep: (point) => onEvent?.({ type: 'sweep', point }),
    });
    return { trace, finding: analyzeRangeTest(trace, { steps }) };
  };
  const explained = (reasons: readonly string[], { trace, finding }: Awaited<ReturnType<typeof test>>) => ({
    trace,
    finding: { ...finding, reasons: [...reasons, ...finding.reasons] },
  });
  const { probe = warm?.trained ? 5 : 0 } = options;
  let tested = await test(probe);
  if (warm && !options.probe) {
    if (probe) tested = explained([warm.reason], tested);
    else if (!tested.finding.suggestion && !signal?.aborted) {
      tested = explained([...tested.finding.reasons, warm.reason], await test(5));
    }
  }
  const { trace, finding } = tested;
  await onEvent?.({ type: 'finding', finding, trace });
  const { suggestion } = finding;
  if (suggestion === null || signal?.aborted) return { trace, finding, cost };

  spending = 'verdict';
  const verdict = wantsVerdict
    ? await giveVerdict(counted, batches, {
        ...common,
        suggestion,
        steps: Math.round(steps / 10),
        validation,
      })
    : undefined;
  if (verdict) await onEvent?.({ type: 'verdict', verdict });

  const { baseLr, maxLr, fixedLr } = suggestion;
  const [low, high] = verdict?.winner === 'fixed' ? [fixedLr, fixedLr] : [baseLr, maxLr];
  // Where both diverged the bounds were too high.
  const scale = wantsVerdict && !verdict && !signal?.aborted ? 0.1 : 1;
  const plan = planCycles({ baseLr: scale * low, maxLr: scale * high, steps, stepsPerEpoch });
  await onEvent?.({ type: 'policy', ...plan });
  const trained = await trainCycles(trainable, batches, plan, start, options);
  cost.training = trained.run.steps.length;
  return { trace, finding, ...trained, ...(verdict && { verdict }), cost };
}

import type { Policy } from '../policy.ts';
import type { RangeTestFinding } from '../rangeTest/finding.ts';
import type { RangeTestPoint, RangeTestTrace } from '../rangeTest/trace.ts';
import type { AbortSignalLike } from '../trainable/abortSignal.ts';
import type { BatchPass } from '../trainable/batches.ts';
import type { TrainingStep, Trough } from '../trainable/run.ts';
import type { TroughReading } from '../troughs/readTroughs.ts';
import type { TroughCombination, Verdict } from './autoClrResult.ts';
import type { Plan } from './makePlan.ts';

/** Options of `autoClr`. */
export interface AutoClrOptions<Batch> {
  /** The whole budget, in updates, at least 2: for the range test, the verdict and the training together. */
  readonly steps: number;
  /** How many steps one pass over the data takes; lets cycles be counted in epochs. */
  readonly stepsPerEpoch?: number;
  /** Batches to judge by, apart from the training data. Without them the training loss judges. */
  readonly validation?: BatchPass<Batch>;
  /**
   * How to train. Default `'decay'`; `'cycles'` where `patience`, `reductions`, `average` or `ensemble` asks for several
   * troughs; else `'wsd'` where `stopAtTrough` is given. A plan without the troughs that an option needs is refused.
   */
  readonly plan?: Plan;
  /**
   * Compares the plan with others in short trainings, which take a fifth of `steps` together: with `'fixed'` if it is
   * true, or with those in a list. One that is clearly better is trained instead. Default false.
   */
  readonly verdict?: boolean | readonly Plan[];
  /**
   * Updates with which the range test tries each rate by itself, keeping its batches meanwhile. Default: 5 where the
   * model is trained already (and its loss says so, or a sweep saw nothing); else a sweep.
   */
  readonly updatesPerRate?: number;
  /** After this many cycles without gain the bounds are divided by ten, and later training stops. Default: never. */
  readonly patience?: number;
  /** How often patience may divide the bounds before it stops. Default 2, as in the paper's headline run. */
  readonly reductions?: number;
  /** Average the weights of the last troughs, five at most, and keep that if it is the best. Default false. */
  readonly average?: boolean;
  /** Evaluate the last troughs, five at most, as one ensemble. Default false. */
  readonly ensemble?: boolean;
  /** Stops cleanly between two steps; what was reached is given back. */
  readonly signal?: AbortSignalLike;
  /** Lets the cycle come to its end and stops training at its trough: with `'decay'`, at its end. */
  readonly stopAtTrough?: AbortSignalLike;
  /** Told of everything that happens. */
  readonly onEvent?: (event: AutoClrEvent) => void | Promise<void>;
}

/** What `autoClr` tells of on its way. */
export type AutoClrEvent =
  | { readonly type: 'sweep'; readonly point: RangeTestPoint }
  /** Training at a low rate before the range test, because the loss started far above that of the best constant answer. */
  | { readonly type: 'settling'; readonly lr: number; readonly steps: number }
  | { readonly type: 'finding'; readonly finding: RangeTestFinding; readonly trace: RangeTestTrace }
  | { readonly type: 'verdict'; readonly verdict: Verdict }
  /** Before training, when the bounds are reduced, and when a training that diverged begins again with lower rates. */
  | { readonly type: 'policy'; readonly policy: Policy; readonly steps: number }
  | { readonly type: 'step'; readonly step: TrainingStep }
  /** With `patience`, what the troughs say up to this one. */
  | { readonly type: 'trough'; readonly trough: Trough; readonly reading?: TroughReading }
  | ({ readonly type: 'average' | 'ensemble' } & TroughCombination);

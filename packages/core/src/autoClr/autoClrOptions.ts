import type { Policy } from '../policy.ts';
import type { RangeTestFinding } from '../rangeTest/finding.ts';
import type { RangeTestPoint, RangeTestTrace } from '../rangeTest/trace.ts';
import type { CheckpointOptions } from '../train/saver.ts';
import type { AbortSignalLike } from '../trainable/abortSignal.ts';
import type { BatchPass } from '../trainable/batches.ts';
import type { Checkpoint } from '../trainable/checkpoint.ts';
import type { TrainingStep, Trough } from '../trainable/run.ts';
import type { TroughReading } from '../troughs/readTroughs.ts';
import type { TroughCombination, Verdict } from './autoClrResult.ts';
import type { Plan } from './makePlan.ts';

/** Options of `autoClr`. */
export interface AutoClrOptions<Batch> {
  /** The whole budget in updates, at least 2. It pays for the range test, the verdict and the training together. */
  readonly steps: number;
  /** The number of steps in one pass over the data, so that cycles can be counted in epochs. */
  readonly stepsPerEpoch?: number;
  /** Held-out batches that decide which state is best. Without them the training loss decides. */
  readonly validation?: BatchPass<Batch>;
  /**
   * The plan of the training. The default is `'cycles'` if `patience`, `reductions`, `average` or `ensemble` needs
   * several troughs. Otherwise the default is `'wsd'` if `stopAtTrough` is given, and `'decay'` if not. A plan
   * without the troughs that an option needs is refused.
   */
  readonly plan?: Plan;
  /**
   * Compares the plan with other plans in short training runs that together take a fifth of `steps`. `true` compares it
   * with `'fixed'`. A list compares it with each plan in the list. If another plan is clearly better, that plan is
   * trained instead. Default false.
   */
  readonly verdict?: boolean | readonly Plan[];
  /**
   * If given, the range test tries each rate separately, on the same batches, with this many updates each. The default
   * for a model that is already trained is 5. A model counts as trained if its metrics show this clearly, or if they
   * suggest it and a sweep finds no rates. For any other model, the default is one sweep over rising rates.
   */
  readonly updatesPerRate?: number;
  /**
   * After this many cycles without gain, the bounds are divided by ten. After `reductions` such divisions, training
   * stops instead. Default: cycles without gain change nothing.
   */
  readonly patience?: number;
  /**
   * The number of times that `patience` may divide the bounds before it stops the training. Default 2, as in the main
   * experiment of Smith's paper.
   */
  readonly reductions?: number;
  /** Average the weights of the last troughs, five at most, and keep the average if it is the best. Default false. */
  readonly average?: boolean;
  /** Evaluate the last troughs, five at most, as one ensemble. Default false. */
  readonly ensemble?: boolean;
  /**
   * Saves the run while it trains: at every trough, at the end, when `signal` stops it, and after every given number of
   * steps or seconds. The range test and the verdict are short, so nothing is saved before they are over. A run that
   * ends before then starts again without `from`. A checkpoint holds the model up to three times: its state, its state
   * before the training, and the best state.
   */
  readonly checkpoint?: CheckpointOptions;
  /**
   * The checkpoint to continue from. Model, batches and options must be those of the run that saved it. The result is
   * bit-identical to that of an uninterrupted run, except that `run` records only the steps from the checkpoint on.
   */
  readonly from?: Checkpoint;
  /** Stops cleanly between two steps and returns the best state so far. */
  readonly signal?: AbortSignalLike;
  /** Finishes the current cycle and stops training at its trough. The only trough of `'decay'` is its end. */
  readonly stopAtTrough?: AbortSignalLike;
  /** Called with every event. */
  readonly onEvent?: (event: AutoClrEvent) => void | Promise<void>;
}

/** An event of `autoClr`. */
export type AutoClrEvent =
  | {
      /** A step of the range test. */
      readonly type: 'sweep';
      /** The step that was taken. */
      readonly point: RangeTestPoint;
    }
  /**
   * Emitted after settling: up to 100 steps at a low rate before the range test. A model settles only if its loss
   * started far above that of the best constant answer.
   */
  | {
      /** Settling is over. */
      readonly type: 'settling';
      /** The rate of settling. */
      readonly lr: number;
      /** The number of updates that settling took. */
      readonly steps: number;
    }
  | {
      /** The range test is over. */
      readonly type: 'finding';
      /** What the analysis says about the trace. */
      readonly finding: RangeTestFinding;
      /** The record of the range test. */
      readonly trace: RangeTestTrace;
    }
  | {
      /** The trials of a verdict are over. */
      readonly type: 'verdict';
      /** Which plan won the trials, and by how much. */
      readonly verdict: Verdict;
    }
  /**
   * Emitted before training, also before resumed training, when the bounds are reduced, and when a diverged run starts
   * again with lower rates.
   */
  | {
      /** A policy is about to be trained. */
      readonly type: 'policy';
      /** The policy. */
      readonly policy: Policy;
      /** The length of the whole plan, in updates. */
      readonly steps: number;
    }
  | {
      /** A step of the training. */
      readonly type: 'step';
      /** The record of the step. */
      readonly step: TrainingStep;
    }
  /** Emitted at each trough. */
  | {
      /** The training has reached a trough. */
      readonly type: 'trough';
      /** Its step and its metrics. */
      readonly trough: Trough;
      /** The advice that follows from the troughs so far. Given if `patience` is set. */
      readonly reading?: TroughReading;
    }
  | ({
      /** The troughs were combined: their weights were averaged, or they were evaluated as an ensemble. */
      readonly type: 'average' | 'ensemble';
    } & TroughCombination);

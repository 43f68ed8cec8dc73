import { stepCount } from '../fields.ts';
import type { Policy } from '../policy.ts';
import type { ScheduleLike } from '../schedule.ts';
import { toSchedule } from '../toSchedule.ts';
import type { AbortSignalLike } from './abortSignal.ts';
import { type Batches, endless } from './batches.ts';
import type { TrainingRun, TrainingStep, Trough } from './run.ts';
import { metric, runSteps } from './runSteps.ts';
import type { Metrics, Snapshot, Trainable } from './trainable.ts';

/** Where a run stands: enough to go on from, exactly. */
export interface Checkpoint {
  /** The number of updates applied. */
  readonly step: number;
  /** The state at that step. */
  readonly snapshot: Snapshot;
}

/** What `onCycleEnd` is told. */
export interface CycleEnd extends Trough {
  /** The state at this trough, to keep or to resume from. */
  snapshot(): Promise<Snapshot>;
}

/** Options of {@link train}. */
export interface TrainOptions<Batch> {
  /** The policy, or a schedule of your own. */
  readonly policy: ScheduleLike;
  /** How many updates the whole run has, resumed or not. `fitToCycles` makes it end at a trough. */
  readonly steps: number;
  /** Where to go on from. The batches before it are drawn and skipped. */
  readonly from?: Checkpoint;
  /** Batches to evaluate on at every trough and at the end. */
  readonly evaluate?: Iterable<Batch> | AsyncIterable<Batch>;
  /** Told of every step, in order, some steps late when losses are promises. */
  readonly onStep?: (step: TrainingStep) => void | Promise<void>;
  /** Told of every trough, before the next step is taken. */
  readonly onCycleEnd?: (end: CycleEnd) => void | Promise<void>;
  /** Stops cleanly between two steps. */
  readonly signal?: AbortSignalLike;
}

/**
 * Trains under a policy: step `k` acts with exactly `schedule.lr(k)`. Stops by itself where the loss is no
 * longer finite. The same call with `from` continues a run with the same bits.
 *
 * @param batches - read again from the start for every epoch
 * @returns the record of the run; `stopped` says why it is short, if it is
 * @throws {PolicyError} if the policy or a step count is bad, before anything is touched
 * @throws {ClrError} if there are no batches, or a loss is not a number
 *
 * @example
 * ```ts
 * const policy = triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 5 });
 * const run = await train(trainable, batches, { policy, steps: 20 });
 * run.troughs.map((trough) => trough.step); // [10, 20]
 * ```
 */
export async function train<Batch>(
  trainable: Trainable<Batch>,
  batches: Batches<Batch>,
  options: TrainOptions<Batch>,
): Promise<TrainingRun> {
  const { policy, steps: to, from: checkpoint, evaluate, onStep, onCycleEnd, signal } = options;
  stepCount(to, 'steps');
  const from = checkpoint?.step ?? 0;
  if (from !== 0) stepCount(from, 'from.step');
  const schedule = toSchedule(policy);
  if (checkpoint) await trainable.restore(checkpoint.snapshot);

  const steps: TrainingStep[] = [];
  const troughs: Trough[] = [];
  let diverged = false;
  let step = from;
  const stop = () => diverged || signal?.aborted === true;
  const measure = async (): Promise<Metrics | undefined> => evaluate && (await trainable.evaluate(evaluate));

  const source = endless(batches, from);
  try {
    while (step < to && !stop()) {
      const { cycle, cycleEnd } = schedule.at(step);
      // A schedule of the user’s own may say anything of its cycles; one step at least is taken.
      const span = { from: step, to: Math.min(to, Math.max(cycleEnd, step + 1)), stop };
      for await (const record of runSteps(trainable, source, schedule, span)) {
        steps.push(record);
        step = record.step + 1;
        diverged ||= record.loss === null;
        await onStep?.(record);
      }
      if (step === cycleEnd) {
        const trough = { step, cycle, ...recorded(await measure(), step) };
        troughs.push(trough);
        await onCycleEnd?.({ ...trough, snapshot: () => trainable.snapshot() });
      }
    }
  } finally {
    await source.return(undefined as never);
  }
  const last = troughs[troughs.length - 1];
  // Whoever aborts wants to be gone, not to wait for an evaluation.
  const aborted = step < to && !diverged;
  const final =
    last?.step === step ? recorded(last, step) : aborted ? undefined : recorded(await measure(), step);
  return {
    version: 1,
    ...(isPolicy(policy) && { policy }),
    from,
    step,
    steps,
    troughs,
    ...(final && { final }),
    ...(step < to && { stopped: { step, reason: aborted ? 'aborted' : 'diverged' } }),
  };
}

type Recorded = Pick<Trough, 'loss' | 'accuracy'>;

function recorded(metrics: Metrics | Recorded | undefined, step: number): Recorded | undefined {
  if (metrics?.loss === undefined) return undefined;
  const loss = metric('loss', metrics.loss ?? Number.NaN, step);
  if (metrics.accuracy === undefined) return { loss };
  return { loss, accuracy: metric('accuracy', metrics.accuracy ?? Number.NaN, step) };
}

function isPolicy(source: ScheduleLike): source is Policy {
  return typeof source === 'object' && 'type' in source;
}

import { checkOptionNames } from '../checkOptionNames.ts';
import { ClrError, PolicyError } from '../errors.ts';
import { stepCount } from '../fields.ts';
import type { Policy } from '../policy.ts';
import type { ScheduleLike } from '../toSchedule.ts';
import { policyOf, toSchedule } from '../toSchedule.ts';
import { type AbortSignalLike, checkSignal } from '../trainable/abortSignal.ts';
import { type Batches, type BatchPass, checkBatches, checkPass, endless } from '../trainable/batches.ts';
import type { Checkpoint } from '../trainable/checkpoint.ts';
import { checkTrainable } from '../trainable/checkTrainable.ts';
import { evaluateLogged } from '../trainable/loggedMetrics.ts';
import type { TrainingRun, TrainingStep, Trough } from '../trainable/run.ts';
import type { Snapshot, Trainable } from '../trainable/trainable.ts';
import { thenTidyUp, withContext } from '../trainable/withContext.ts';
import { type Average, type AverageOptions, createAverager } from '../troughs/averager.ts';
import { type Hyper, readHyper } from './hyper.ts';
import { runSteps } from './runSteps.ts';
import { type CheckpointOptions, createSaver } from './saver.ts';

/** The argument of `onCycleEnd`. */
export interface TroughEvent extends Trough {
  /** Takes the state at this trough, to keep or to resume from. */
  snapshot(): Promise<Snapshot>;
}

/** Options of {@link train}. */
export interface TrainOptions<Batch> {
  /** The policy, or a schedule of your own. */
  readonly policy: ScheduleLike;
  /**
   * Further hyperparameters by name, such as `weightDecay` and `clipNorm`: a number, a function from step to value, or
   * a policy whose rate is the value. The names that the Trainable lists in `hyperparameters` are legal.
   */
  readonly hyper?: Hyper;
  /**
   * Keeps an average of the weights beside the run: `{ type: 'ema', beta }` or `{ type: 'lawa', last, every }`. The
   * average is evaluated whenever the model is, and the record holds its metrics. It is part of every checkpoint. Each
   * snapshot for the average waits for the device and copies the whole state. The Trainable must have `average`.
   */
  readonly average?: AverageOptions<Batch>;
  /** Called with the averaged weights and their metrics at every trough and at the end of the run. */
  readonly onAverage?: (average: Average) => void | Promise<void>;
  /**
   * The number of updates of the whole run, including those before a resume. Use `fitToCycles` to choose a number at
   * which a cycle ends.
   */
  readonly steps: number;
  /** The checkpoint to continue from. The batches before it are read and skipped. */
  readonly from?: Checkpoint;
  /** Held-out batches to evaluate on at every trough and at the end. */
  readonly validation?: BatchPass<Batch>;
  /** The same as `validation`. */
  readonly evaluate?: BatchPass<Batch>;
  /** Called for every step in order, some steps late if losses are promises. */
  readonly onStep?: (step: TrainingStep) => void | Promise<void>;
  /** Called at every trough, before the next step. */
  readonly onCycleEnd?: (end: TroughEvent) => void | Promise<void>;
  /**
   * Saves the run at every trough, at the end, when `signal` stops it, and after every given number of steps or
   * seconds. A run that diverged, or whose state holds NaN, is not saved, so the previous checkpoint stays. To
   * continue, read the last checkpoint and pass it as `from`.
   */
  readonly checkpoint?: CheckpointOptions;
  /** Stops cleanly between two steps. */
  readonly signal?: AbortSignalLike;
  /** Finishes the current cycle and stops at its trough. Stops at once if the current cycle never ends. */
  readonly stopAtTrough?: AbortSignalLike;
}

/** True if a policy schedules the momentum at some step. */
const setsMomentum = (policy: Policy): boolean =>
  policy.type === 'sequence'
    ? policy.stages.some((stage) => setsMomentum(stage.policy))
    : 'momentum' in policy && policy.momentum !== undefined;

const names = [
  ...([
    'policy',
    'steps',
    'validation',
    'evaluate',
    'from',
    'hyper',
    'average',
    'checkpoint',
    'signal',
  ] as const),
  ...(['stopAtTrough', 'onStep', 'onCycleEnd', 'onAverage'] as const),
] as const;

/**
 * Trains under a policy: step `k` has exactly the rate `schedule.lr(k)`. Stops when the loss is no longer finite. The
 * same call with `from` continues a run, and the result is bit-identical to that of an uninterrupted run.
 *
 * @param batches - read from the start in every epoch
 * @returns the record of the run; if it ended early, `stopped` says why
 * @throws {PolicyError} if the policy, a step count or `hyper` is bad, before anything is touched
 * @throws {ClrError} if there are no batches, a loss is not a number, or the Trainable or the batches throw; the model
 *   is then in the state after its last good step. Errors of callbacks are passed on unchanged
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
  checkTrainable(trainable);
  const {
    policy,
    steps: to,
    from: start,
    onStep,
    onCycleEnd,
    onAverage,
  } = checkOptionNames('clr/core', 'train', options, names);
  const { signal, stopAtTrough, validation = options.evaluate } = options;
  stepCount(to, 'steps');
  const from = start?.step ?? 0;
  if (from !== 0) stepCount(from, 'from.step');
  if (from > to) {
    const advice = '`steps` counts the whole run, including the steps before the checkpoint.';
    throw new PolicyError('steps', to, `at least the ${from} steps of the checkpoint`, advice);
  }
  if (options.validation && options.evaluate) {
    const expected = 'either `validation` or `evaluate`, which are two names for one option';
    throw new ClrError('clr/core', { expected, received: 'both', advice: 'Leave out `evaluate`.' });
  }
  const schedule = toSchedule(policy);
  const data = policyOf(policy);
  checkBatches('batches', batches, false);
  if (validation) checkPass(options.validation ? 'validation' : 'evaluate', validation);
  // Most mistakes in a schedule show at its first or last step.
  const ends = from < to ? [from, to - 1] : [];
  const states = ends.map((end) => schedule.at(end));
  const sets = data ? setsMomentum(data) : states.some(({ momentum }) => momentum !== undefined);
  const scheduled = sets ? ['momentum'] : [];
  const hyper = options.hyper && readHyper(options.hyper, trainable, scheduled, ends);
  checkSignal('signal', signal);
  checkSignal('stopAtTrough', stopAtTrough);
  const averager =
    options.average &&
    createAverager(trainable, options.average, start ?? { step: from }, { validation, signal });
  const saver = createSaver(trainable, options.checkpoint, start ?? { step: from }, averager?.state);
  if (start) {
    await withContext('restore()', `before step ${from}`, () => trainable.restore(start.snapshot));
  }

  const steps: TrainingStep[] = [];
  const troughs: Trough[] = [];
  let diverged = false;
  let fault: string | undefined;
  let step = from;
  let last: Pick<Trough, 'loss' | 'accuracy' | 'average'> | undefined;
  const after = () => `after ${step} steps`;
  const look = async () => {
    const metrics = await (validation && evaluateLogged(trainable, validation, after(), signal));
    const average = diverged || signal?.aborted ? undefined : await averager?.look(step);
    if (average) await onAverage?.(average);
    const { loss, accuracy } = average ?? {};
    if (loss === undefined) return metrics;
    return { ...metrics, average: accuracy === undefined ? { loss } : { loss, accuracy } };
  };
  const ending = () => stopAtTrough?.aborted === true;

  const source = endless(batches, signal, from);
  const takeSteps = async (): Promise<void> => {
    while (step < to) {
      const { cycle, phase, cycleEnd } = schedule.at(step);
      const stop = () => diverged || signal?.aborted === true || (cycleEnd === Infinity && ending());
      if (stop() || (phase === 0 && ending())) break;
      const pause = () => stop() || saver.due(step);
      const end = Math.min(to, cycleEnd, saver.next(step));
      const span = {
        from: step,
        to: Math.min(end, averager?.next(step) ?? end),
        stop: pause,
        hyperAt: hyper?.at,
      };
      for await (const record of runSteps(trainable, source, schedule, span)) {
        steps.push(record);
        step = record.step + 1;
        if (!diverged) fault = record.fault;
        diverged ||= record.loss === null;
        await onStep?.(record);
      }
      if (!diverged) await averager?.update(step);
      if (step === cycleEnd) {
        last = await look();
        const trough = { step, cycle, ...last };
        troughs.push(trough);
        await onCycleEnd?.({
          ...trough,
          snapshot: () => withContext('snapshot()', after(), () => trainable.snapshot()),
        });
      }
      const onTheWay = step === span.to && step < end && !pause();
      if (!diverged && !onTheWay) diverged = !(await saver.save(step));
    }
  };
  await thenTidyUp(takeSteps, () => withContext('closing the batches', after(), () => source.return()));
  // After an abort, do not wait for an evaluation.
  const aborted = signal?.aborted === true && step < to;
  const final = troughs.at(-1)?.step === step ? last : aborted ? undefined : await look();
  const reason = diverged ? 'diverged' : aborted ? 'aborted' : 'ended';
  return {
    version: 1,
    ...(data && { policy: data }),
    ...(hyper && { hyper: hyper.data }),
    from,
    step,
    steps,
    troughs,
    ...(final && { final }),
    ...((step < to || diverged) && { stopped: { step, reason, ...(fault !== undefined && { fault }) } }),
  };
}

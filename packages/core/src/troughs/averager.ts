import { ClrError, show } from '../errors.ts';
import { decay, object, oneOf, optional, type Read, stepCount } from '../fields.ts';
import type { AbortSignalLike } from '../trainable/abortSignal.ts';
import { type BatchPass, checkPass } from '../trainable/batches.ts';
import type { Checkpoint } from '../trainable/checkpoint.ts';
import { inOtherStates } from '../trainable/inOtherStates.ts';
import { evaluateLogged, type LoggedMetrics } from '../trainable/loggedMetrics.ts';
import { requireMethod } from '../trainable/requireMethod.ts';
import type { Snapshot, Trainable } from '../trainable/trainable.ts';
import { withContext } from '../trainable/withContext.ts';
import { averageWeights } from './averageWeights.ts';

/**
 * The average of the weights that a run keeps. Both kinds take a snapshot every `every` steps.
 *
 * - `'ema'`, the exponential moving average: `mean ← β^every · mean + (1 − β^every) · weights`, so that `beta` is the
 *   decay of one step. It starts as a copy of the first snapshot. By default, `every` is a hundredth of the average's
 *   window `1 / (1 − β)`: 10 steps for a β of 0.999
 * - `'lawa'`: the mean of the `last` snapshots
 */
export type AverageOptions<Batch> = (
  | {
      /** The exponential moving average of the weights: mean ← beta · mean + (1 − beta) · weights. */
      readonly type: 'ema';
      /**
       * The share of the mean that is kept over one update, in [0, 1). From one snapshot to the next, the share
       * beta^every is kept.
       */
      readonly beta: number;
      /** The number of updates between two snapshots. Default: 1 / (1 − beta) / 100, rounded, at least 1. */
      readonly every?: number;
    }
  | {
      /** The mean of the latest snapshots of the weights. */
      readonly type: 'lawa';
      /** How many snapshots are averaged. */
      readonly last: number;
      /** The number of updates between two snapshots. */
      readonly every: number;
    }
) & {
  /** A few hundred training batches, on which the running statistics of the averaged weights are measured again. */
  readonly batches?: BatchPass<Batch>;
};

/** The averaged weights at a trough or at the end of a run. */
export interface Average extends Partial<LoggedMetrics> {
  /** The number of updates applied. */
  readonly step: number;
  /** The averaged weights, with the rest of the state from the last snapshot. */
  readonly snapshot: Snapshot;
}

/** Keeps an average while a model trains. */
export interface Averager {
  /** The next step after which a snapshot must be taken. */
  next(step: number): number;
  /** Takes a snapshot if one is due after this step. */
  update(step: number): Promise<void>;
  /** The data for a checkpoint. */
  state(): Pick<Checkpoint, 'average'>;
  /** The current averaged weights and their metrics. They are undefined before the first snapshot. */
  look(step: number): Promise<Average | undefined>;
}

const any: Read = (value) => value;
const kinds = {
  ema: object({ type: any, beta: decay, every: optional(stepCount), batches: any }),
  lawa: object({ type: any, last: stepCount, every: stepCount, batches: any }),
};

/** Makes an {@link Averager}. Throws on invalid options, and on a checkpoint of another kind of average. */
export function createAverager<Batch>(
  trainable: Trainable<Batch>,
  options: AverageOptions<Batch>,
  from: Partial<Checkpoint> & Pick<Checkpoint, 'step'>,
  {
    validation,
    signal,
  }: { readonly validation: BatchPass<Batch> | undefined; readonly signal: AbortSignalLike | undefined },
): Averager {
  const { type, batches } = Object(options);
  oneOf('ema', 'lawa')(type, 'average.type');
  kinds[options.type](options, 'average');
  if (batches) checkPass('average.batches', batches);
  requireMethod(trainable, 'average');
  let kept = stateOf(from, type);
  let updated = from.step;
  const window = options.type === 'ema' ? 1 / (1 - options.beta) : 0;
  const every = options.every ?? Math.max(1, Math.round(window / 100));
  const where = (step: number) => `after ${step} steps`;

  const withNow = async (now: Snapshot, step: number): Promise<readonly Snapshot[]> => {
    if (options.type === 'lawa') return [...kept, now].slice(-options.last);
    const [mean] = kept;
    if (!mean) return [now];
    const old = options.beta ** every;
    return [
      await withContext('average()', where(step), () => trainable.average!([mean, now], [old, 1 - old])),
    ];
  };
  return {
    next: (step) => (Math.floor(step / every) + 1) * every,
    async update(step) {
      if (step % every !== 0 || step <= updated) return;
      updated = step;
      kept = await withNow(await withContext('snapshot()', where(step), () => trainable.snapshot()), step);
    },
    state: () => (kept.length ? { average: { type, snapshots: kept } } : {}),
    async look(step) {
      if (kept.length === 0) return undefined;
      const snapshot = await averageWeights(trainable, kept, batches);
      const metrics = await (validation &&
        inOtherStates(trainable, async () => {
          await withContext('restore()', 'of the average', () => trainable.restore(snapshot));
          return evaluateLogged(trainable, validation, `of the average ${where(step)}`, signal);
        }));
      return { step, ...metrics, snapshot };
    },
  };
}

/** The snapshots of a checkpoint's average. The checkpoint may come from a file, so it is checked. */
function stateOf({ average }: Partial<Checkpoint>, type: string): readonly Snapshot[] {
  if (average === undefined) return [];
  const { snapshots } = Object(average);
  if (average?.type === type && Array.isArray(snapshots)) return snapshots;
  throw new ClrError('clr/core', {
    expected: `a checkpoint with an average of the type "${type}", or with none`,
    received: `from.average.type = ${show(average?.type)}`,
    advice:
      'Resume with the average of the first run, or remove `average` from the checkpoint to start a new one.',
  });
}

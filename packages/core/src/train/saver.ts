import { checkOptionNames } from '../checkOptionNames.ts';
import { PolicyError } from '../errors.ts';
import { number, object, stepCount } from '../fields.ts';
import type { Checkpoint } from '../trainable/checkpoint.ts';
import { nonFinite } from '../trainable/nonFinite.ts';
import type { Trainable } from '../trainable/trainable.ts';
import { withContext } from '../trainable/withContext.ts';

/** The options for saving a run. */
export interface CheckpointOptions {
  /** Also save after this many steps or seconds, besides every trough and the end of the run. */
  readonly every?:
    | {
        /** The number of updates between two saves. */
        readonly steps: number;
      }
    | {
        /** The time between two saves, in seconds. */
        readonly seconds: number;
      };
  /** Stores a checkpoint, such as `save` of a store of `@clr/checkpoint`. Training waits for it. */
  readonly save: (checkpoint: Checkpoint) => void | Promise<void>;
}

/** Saves a run while it trains. */
export interface Saver {
  /** The next step after which the run must be saved. */
  next(step: number): number;
  /** True if the next save is due. */
  due(step: number): boolean;
  /**
   * Saves the run at this step, unless it was already saved there. Returns false, without saving, for a state with
   * NaN, or with more infinite numbers than the state before. Saving such a state would replace a good checkpoint by
   * a useless one.
   */
  save(step: number): Promise<boolean>;
}

const duration = number((value) => value > 0, 'above 0');

/**
 * Makes a {@link Saver}. A checkpoint holds the step, the snapshot and the result of `further`. Without options the
 * saver does nothing. Throws on invalid options.
 */
export function createSaver<Batch>(
  trainable: Trainable<Batch>,
  options: CheckpointOptions | undefined,
  from: Pick<Checkpoint, 'step'> & Partial<Checkpoint>,
  further: () => Partial<Checkpoint> = () => ({}),
): Saver {
  if (!options) return { next: () => Infinity, due: () => false, save: async () => true };
  const { every } = checkOptionNames('clr/core', 'checkpoint', options, ['every', 'save']);
  if (typeof options.save !== 'function')
    throw new PolicyError(
      'checkpoint.save',
      options.save,
      'a function',
      'Pass `save` of a store of @clr/checkpoint.',
    );
  if (every)
    object(/sec/i.test(Object.keys(Object(every)).join()) ? { seconds: duration } : { steps: stepCount })(
      every,
      'checkpoint.every',
    );
  const { steps, seconds } = (every ?? {}) as { readonly steps?: number; readonly seconds?: number };
  let [saved, time] = [from.step, Date.now()];
  // Some models have -Infinity in a mask.
  let infinite = from.snapshot ? nonFinite(from.snapshot).infinite : Infinity;
  return {
    next: (step) => (steps === undefined ? Infinity : (Math.floor(step / steps) + 1) * steps),
    due: (step) => seconds !== undefined && step > saved && Date.now() - time >= 1000 * seconds,
    async save(step) {
      if (step > saved) {
        const where = `after ${step} steps`;
        const snapshot = await withContext('snapshot()', where, () => trainable.snapshot());
        const found = nonFinite(snapshot);
        if (found.nan > 0 || found.infinite > infinite) return false;
        infinite = found.infinite;
        await options.save({ step, snapshot, ...further() });
      }
      [saved, time] = [step, Date.now()];
      return true;
    },
  };
}

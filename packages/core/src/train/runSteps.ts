import { PolicyError } from '../errors.ts';
import type { Schedule } from '../schedule.ts';
import { toLogged } from '../trainable/loggedMetrics.ts';
import type { TrainingStep } from '../trainable/run.ts';
import type { StepResult, Trainable } from '../trainable/trainable.ts';
import { addContext } from '../trainable/withContext.ts';
import type { HyperValues } from './hyper.ts';

// The number of steps that the device may run ahead of the losses that were read.
const lookahead = 16;

/** The steps to take. */
export interface StepRange {
  readonly from: number;
  /** The step after the last. */
  readonly to: number;
  /** Called before every step. */
  readonly stop: () => boolean;
  /** Returns the hyperparameters of a step that the schedule does not set. */
  readonly hyperAt?: ((step: number) => HyperValues) | undefined;
}

interface Pending {
  readonly step: Omit<TrainingStep, 'loss' | 'accuracy'>;
  readonly loss: StepResult['loss'] | undefined;
  readonly accuracy: StepResult['accuracy'] | undefined;
  /** Finds what is wrong with the data of the batch, if anything. */
  readonly fault: () => Promise<string | undefined>;
}

/**
 * Takes steps and yields their records in order. If losses are promises, up to 16 of them stay unread, so that the
 * device never waits. When it ends, for any reason, no promise is left unread.
 */
export async function* runSteps<Batch>(
  trainable: Trainable<Batch>,
  batches: AsyncIterator<Batch, void>,
  schedule: Schedule,
  { from, to, stop, hyperAt }: StepRange,
): AsyncGenerator<TrainingStep> {
  const pending: Pending[] = [];
  let step = from;
  let asked = '';
  try {
    for (; step < to && !stop(); step++) {
      asked = 'the next batch';
      const next = await batches.next();
      asked = '';
      // The run was aborted while it waited for the batch.
      if (next.done) break;
      const lr = schedule.lr(step);
      const momentum = schedule.momentum(step);
      const scheduled = momentum === undefined ? { lr } : { lr, momentum };
      const hyper = hyperAt?.(step);
      if (momentum !== undefined && hyper?.momentum !== undefined) {
        const expected = `left out, because the policy sets the momentum at step ${step}`;
        throw new PolicyError('hyper.momentum', hyper.momentum, expected, 'Leave out one of the two.');
      }
      asked = 'trainStep()';
      const result: Partial<StepResult> | undefined = await trainable.trainStep(next.value, {
        ...scheduled,
        ...hyper,
      });
      asked = '';
      const { loss, accuracy } = result ?? {};
      // Without a handler, a rejected promise that is read late would end the process.
      for (const late of [loss, accuracy]) if (late instanceof Promise) late.catch(() => {});
      const fault = async () => trainable.dataFault?.(next.value);
      pending.push({ step: { step, ...scheduled, ...(hyper && { hyper }) }, loss, accuracy, fault });
      while (pending.length > lookahead || typeof pending[0]?.loss === 'number') {
        yield await settle(pending.shift()!);
      }
    }
    while (pending.length > 0) yield await settle(pending.shift()!);
  } catch (error) {
    throw asked ? addContext(error, asked, `at step ${step}`) : error;
  } finally {
    await Promise.allSettled(pending.flatMap(({ loss, accuracy }) => [loss, accuracy]));
  }
}

async function settle({ step, loss, accuracy, fault: look }: Pending): Promise<TrainingStep> {
  const at = `at step ${step.step}`;
  try {
    [loss, accuracy] = [await loss, await accuracy];
  } catch (error) {
    throw addContext(error, 'the loss', at);
  }
  const record = { ...step, ...toLogged(loss, accuracy, at) };
  // A batch that was freed by now cannot be examined.
  const fault = record.loss === null ? await look().catch(() => undefined) : undefined;
  return fault === undefined ? record : { ...record, fault };
}

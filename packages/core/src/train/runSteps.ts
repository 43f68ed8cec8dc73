import { ClrError, show } from '../errors.ts';
import type { Schedule } from '../schedule.ts';
import type { TrainingStep } from './run.ts';
import type { Trainable } from './trainable.ts';

// How many steps the device may run ahead of the losses we read.
const lookahead = 16;

/** Which steps to take. */
export interface Span {
  readonly from: number;
  /** The step after the last. */
  readonly to: number;
  /** Asked before every step. */
  readonly stop: () => boolean;
}

interface Pending {
  readonly step: Omit<TrainingStep, 'loss' | 'accuracy'>;
  readonly loss: number | Promise<number>;
  readonly accuracy: number | Promise<number> | undefined;
}

/**
 * Takes steps and yields each one's record, in order but late: while losses are promises, up to 16 of them
 * wait unread, so that the device never does. When it ends, for whatever reason, none is left waiting.
 */
export async function* runSteps<Batch>(
  trainable: Trainable<Batch>,
  batches: AsyncIterator<Batch>,
  schedule: Schedule,
  { from, to, stop }: Span,
): AsyncGenerator<TrainingStep> {
  const pending: Pending[] = [];
  try {
    for (let step = from; step < to && !stop(); step++) {
      const { value: batch } = await batches.next();
      const lr = schedule.lr(step);
      const momentum = schedule.momentum(step);
      const hyper = momentum === undefined ? { lr } : { lr, momentum };
      const { loss, accuracy } = await trainable.trainStep(batch, hyper);
      // Whoever reads a rejected one late must not find the process gone.
      for (const late of [loss, accuracy]) if (late instanceof Promise) late.catch(() => {});
      pending.push({ step: { step, ...hyper }, loss, accuracy });
      while (pending.length > lookahead || typeof pending[0]?.loss === 'number') {
        yield await settle(pending.shift()!);
      }
    }
    while (pending.length > 0) yield await settle(pending.shift()!);
  } finally {
    await Promise.allSettled(pending.flatMap(({ loss, accuracy }) => [loss, accuracy]));
  }
}

async function settle({ step, loss, accuracy }: Pending): Promise<TrainingStep> {
  const record = { ...step, loss: metric('loss', await loss, step.step) };
  return accuracy === undefined
    ? record
    : { ...record, accuracy: metric('accuracy', await accuracy, step.step) };
}

/** A metric as JSON holds it: `null` for what is not finite. */
export function metric(name: string, value: unknown, step: number): number | null {
  if (typeof value !== 'number') {
    throw new ClrError('clr/core', {
      expected: `trainStep to give a number as ${name}`,
      received: `${name} = ${show(value)} at step ${step}`,
      advice: 'Read the scalar out of its tensor, or give a promise of it.',
    });
  }
  return Number.isFinite(value) ? value : null;
}

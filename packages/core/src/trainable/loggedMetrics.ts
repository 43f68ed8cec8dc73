import { ClrError, show } from '../errors.ts';
import type { AbortSignalLike } from './abortSignal.ts';
import { type Batches, type BatchPass, first, freshPass, passOf, untilAborted } from './batches.ts';
import type { Metrics, Trainable } from './trainable.ts';
import { addContext, withContext } from './withContext.ts';

/** Metrics in JSON, with `null` for values that are not finite. */
export interface LoggedMetrics {
  /** The mean loss; `null` if it is not finite. */
  readonly loss: number | null;
  /** The share of examples classified right, in [0, 1]. It is `null` if it is not finite. */
  readonly accuracy?: number | null;
}

/** Converts metrics to a record. Throws if a metric is not a number. `where` names their source. */
export function toLogged(loss: unknown, accuracy: unknown, where: string): LoggedMetrics {
  const record = { loss: metric('loss', loss, where) };
  return accuracy === undefined ? record : { ...record, accuracy: metric('accuracy', accuracy, where) };
}

function metric(name: string, value: unknown, where: string): number | null {
  // Means in float32 may exceed 1 by a few bits.
  const outside = name === 'accuracy' && Math.abs((value as number) - 0.5) > 0.500001;
  if (typeof value !== 'number' || outside) {
    throw new ClrError('clr/core', {
      expected: `${name} to be a ${outside ? 'share in [0, 1]' : 'number'}`,
      received: `${name} = ${show(value)} ${where}`,
      advice: outside
        ? 'Divide the number of right predictions by the number of examples.'
        : 'Read the scalar out of its tensor, or give a promise of it.',
    });
  }
  return Number.isFinite(value) ? value : null;
}

/** The record of an evaluation. It is undefined if it was aborted. */
export async function evaluateLogged<Batch>(
  trainable: Trainable<Batch>,
  batches: BatchPass<Batch>,
  where: string,
  signal: AbortSignalLike | undefined,
): Promise<LoggedMetrics | undefined> {
  const ask = (all: AsyncIterable<Batch>) => trainable.evaluate(all);
  const found = await askFor('evaluate()', ask, batches, where, signal);
  return found && toLogged(found.metrics?.loss, found.metrics?.accuracy, where);
}

/** The number of batches for the best constant answer. */
const constantBatches = 100;

/**
 * The record of the best constant answer to training batches. It is undefined if the Trainable cannot compute it, if
 * the batches allow only one pass, or after an abort.
 */
export async function constantLogged<Batch>(
  trainable: Trainable<Batch>,
  batches: Batches<Batch>,
  signal: AbortSignalLike | undefined,
): Promise<LoggedMetrics | undefined> {
  if (!trainable.constantAnswer || 'next' in Object(batches)) return undefined;
  const some = first(passOf(batches, 0), constantBatches);
  const where = 'before any step';
  const ask = (all: AsyncIterable<Batch>) => trainable.constantAnswer!(all);
  const found = await askFor('constantAnswer()', ask, some, where, signal);
  return found?.metrics && toLogged(found.metrics.loss, found.metrics.accuracy, where);
}

/** Gets a Trainable's metrics on some batches. The result is undefined after an abort. */
async function askFor<Batch>(
  what: string,
  ask: (batches: AsyncIterable<Batch>) => Promise<Metrics | undefined>,
  batches: BatchPass<Batch>,
  where: string,
  signal: AbortSignalLike | undefined,
): Promise<{ readonly metrics: Metrics | undefined } | undefined> {
  let empty = false;
  async function* all() {
    empty = true;
    try {
      for await (const batch of untilAborted(batches, signal)) {
        empty = false;
        yield batch;
      }
    } catch (error) {
      throw addContext(error, 'the next batch', where);
    }
  }
  try {
    const metrics = await withContext(what, where, () => ask(all()));
    if (signal?.aborted) return undefined;
    if (empty) {
      throw new ClrError('clr/core', {
        expected: 'at least one batch to evaluate on',
        received: `none ${where}`,
        advice: freshPass,
      });
    }
    return { metrics };
  } catch (error) {
    // An interrupted evaluation saw too few batches, or none.
    if (signal?.aborted) return undefined;
    throw error;
  }
}

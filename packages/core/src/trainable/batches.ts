import { ClrError, show } from '../errors.ts';
import type { AbortSignalLike } from './abortSignal.ts';
import { letOthersRun } from './letOthersRun.ts';

/** One pass over data. */
export type BatchPass<Batch> = Iterable<Batch> | AsyncIterable<Batch>;

/**
 * The training batches: anything that can be iterated again and again, one pass an epoch, or a function that
 * gives each epoch's pass (for example, shuffled again).
 */
export type Batches<Batch> = BatchPass<Batch> | ((epoch: number) => BatchPass<Batch>);

/** The pass of an epoch. */
export const passOf = <Batch>(batches: Batches<Batch>, epoch: number): BatchPass<Batch> =>
  typeof batches === 'function'
    ? (checkIterable(`batches(${epoch})`, batches(epoch)) as BatchPass<Batch>)
    : batches;

/** The first batches of a pass. */
export async function* first<Batch>(source: BatchPass<Batch>, count: number): AsyncGenerator<Batch> {
  for await (const batch of source) {
    yield batch;
    if (--count === 0) return;
  }
}

const refuse = (expected: string, received: string): never => {
  throw new ClrError('clr/core', { expected, received, advice: freshPass });
};

/** Refuses what cannot be iterated. */
export function checkIterable(
  name: string,
  batches: unknown,
): BatchPass<unknown> & { readonly length?: number } {
  const source = Object(batches);
  if (!(Symbol.iterator in source || Symbol.asyncIterator in source)) {
    refuse(`${name} that can be iterated`, show(batches));
  }
  return source;
}

/** Refuses what holds no batches, or fewer passes than are needed, before anything is touched. */
export function checkBatches(name: string, batches: unknown, again: boolean): void {
  if (typeof batches === 'function') return;
  const source = checkIterable(name, batches);
  if (source.length === 0) refuse('at least one batch', `none in ${name}`);
  if (again && 'next' in source) {
    refuse(`${name} that can be iterated again`, 'an iterator, which is used up after one pass');
  }
}

/** Advice for batches that are missing or used up. */
export const freshPass = 'Give an array, or an iterable that starts again each time it is iterated.';

/**
 * One pass. An abort ends it early, even while it waits for a batch. Now and then it lets the event loop turn, so that
 * somebody can abort it.
 */
export async function* untilAborted<Batch>(
  source: BatchPass<Batch>,
  signal?: AbortSignalLike,
): AsyncGenerator<Batch, void> {
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let wake = () => {};
  const abort = () => wake();
  signal?.addEventListener?.('abort', abort);
  // One that threw or came to its end is closed.
  let state: 'open' | 'closed' | 'stuck' = 'open';
  try {
    while (!signal?.aborted) {
      await letOthersRun();
      if (signal?.aborted) return;
      state = 'closed';
      let next: IteratorResult<Batch> | Promise<IteratorResult<Batch>> | undefined = iterator.next();
      if ('then' in next) {
        const coming = next;
        next = await new Promise<IteratorResult<Batch> | undefined>((resolve, reject) => {
          wake = () => resolve(undefined);
          coming.then(resolve, reject);
        });
      }
      if (!next) state = 'stuck';
      if (!next || next.done) return;
      state = 'open';
      yield next.value;
    }
  } finally {
    signal?.removeEventListener?.('abort', abort);
    if (state === 'open') await iterator.return?.();
    // An iterator stuck in next() will not finish return() either, so do not await it.
    if (state === 'stuck') Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

/**
 * The batches of epoch after epoch without an end, from batch number `skip` on, so that a resumed run meets
 * the batches that the uninterrupted one would have met. Ends only when it is aborted.
 */
export async function* endless<Batch>(
  batches: Batches<Batch>,
  signal?: AbortSignalLike,
  skip = 0,
): AsyncGenerator<Batch, void> {
  let seen = 0;
  for (let epoch = 0; ; epoch++) {
    const before = seen;
    for await (const batch of untilAborted(passOf(batches, epoch), signal)) {
      if (seen++ >= skip) yield batch;
    }
    if (signal?.aborted) return;
    if (seen === before) {
      throw new ClrError('clr/core', {
        expected: epoch === 0 ? 'at least one batch' : 'batches that can be iterated again',
        received: epoch === 0 ? 'none' : `${seen} batches, then none in epoch ${epoch}`,
        advice: freshPass,
      });
    }
  }
}

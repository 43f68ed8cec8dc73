import { ClrError, show } from '../errors.ts';
import type { AbortSignalLike } from './abortSignal.ts';
import { letOthersRun } from './letOthersRun.ts';

/** One pass over data. */
export type BatchPass<Batch> = Iterable<Batch> | AsyncIterable<Batch>;

/**
 * The training batches: an iterable that can be iterated repeatedly, once per epoch, or a function that returns each
 * epoch's pass (for example, shuffled again).
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

/** Refuses a value that cannot be iterated. */
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

/** Refuses a source without batches, or with fewer passes than needed, before anything changes. */
export function checkBatches(name: string, batches: unknown, again: boolean): void {
  if (typeof batches === 'function') return;
  const source = checkIterable(name, batches);
  if (source.length === 0) refuse('at least one batch', `none in ${name}`);
  if (again && 'next' in source) {
    refuse(`${name} that can be iterated again`, 'an iterator, which is used up after one pass');
  }
}

/** Refuses a source that is not one pass over batches which can be read again and again, before anything changes. */
export function checkPass(name: string, batches: unknown): void {
  if (typeof batches === 'function') {
    refuse(`${name} that can be iterated`, 'a function, which only training batches may be');
  }
  checkBatches(name, batches, true);
}

/** Advice for batches that are missing or used up. */
export const freshPass = 'Give an array, or an iterable that starts again each time it is iterated.';

/**
 * One pass. An abort ends it early, even while it waits for a batch. At intervals it lets the event loop run, so that
 * an abort is possible.
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
  // An iterator that threw or ended is already closed.
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
 * Endless batches, epoch after epoch, from batch number `skip` on, so that a resumed run gets the same batches as an
 * uninterrupted run. Ends only after an abort.
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

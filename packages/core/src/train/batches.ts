import { ClrError } from '../errors.ts';

/**
 * The training batches: anything that can be iterated again and again, one pass an epoch, or a function that
 * gives each epoch's pass (to shuffle anew, say).
 */
export type Batches<Batch> =
  | Iterable<Batch>
  | AsyncIterable<Batch>
  | ((epoch: number) => Iterable<Batch> | AsyncIterable<Batch>);

/**
 * The batches of epoch after epoch without an end, from batch number `skip` on, so that a resumed run meets
 * the batches that the uninterrupted one would have met.
 */
export async function* endless<Batch>(batches: Batches<Batch>, skip = 0): AsyncGenerator<Batch, never> {
  let seen = 0;
  for (let epoch = 0; ; epoch++) {
    const before = seen;
    for await (const batch of typeof batches === 'function' ? batches(epoch) : batches) {
      if (seen++ >= skip) yield batch;
    }
    if (seen === before) {
      throw new ClrError('clr/core', {
        expected: epoch === 0 ? 'at least one batch' : 'batches that can be iterated again',
        received: epoch === 0 ? 'none' : `${seen} batches, then none in epoch ${epoch}`,
        advice: 'Give an array, or a function that starts a fresh pass for each epoch.',
      });
    }
  }
}

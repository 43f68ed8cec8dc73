import type * as tfjs from '@tensorflow/tfjs';
import { fail } from './errors.ts';

/**
 * Makes batches for core's `train` and `rangeTest` from a `tf.data` dataset. Each iteration is one pass. A batch's
 * tensors are freed when the next batch is read, and at the end.
 *
 * @throws {ClrError} if it is not a dataset
 *
 * @example
 * ```ts
 * const batches = fromDataset(tf.data.zip({ xs: images, ys: labels }).batch(4));
 * const run = await train(createTrainable(tf, model), batches, { policy, steps: 10 });
 * run.step; // 10
 * ```
 */
export function fromDataset<Batch extends tfjs.TensorContainer>(
  dataset: Pick<tfjs.data.Dataset<Batch>, 'iterator'>,
): AsyncIterable<Batch> {
  if (typeof dataset?.iterator !== 'function') {
    throw fail({
      expected: 'a dataset of tf.data',
      received: dataset === null ? 'null' : `a value of the type ${typeof dataset}`,
      advice: 'Make one with tf.data. Pass arrays of batches to train() as they are.',
    });
  }
  return {
    async *[Symbol.asyncIterator]() {
      const iterator = await dataset.iterator();
      for (;;) {
        const { value, done } = await iterator.next();
        if (done) return;
        try {
          yield value;
        } finally {
          dispose(value);
        }
      }
    },
  };
}

function dispose(container: unknown): void {
  if (typeof container !== 'object' || container === null) return;
  const tensor = container as { dispose?: () => void };
  if (typeof tensor.dispose === 'function') tensor.dispose();
  else for (const part of Object.values(container)) dispose(part);
}

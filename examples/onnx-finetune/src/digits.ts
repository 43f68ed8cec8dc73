import {
  floatImages,
  type LabelledImages,
  mnist,
  type Normalisation,
  pickClasses,
  shuffledIndices,
} from '@clr/datasets';
import type { Batch } from '@clr/onnx';
import * as ort from 'onnxruntime-node';

/** Images of some digits. Their classes are numbered from 0. */
export interface Digits extends LabelledImages {
  readonly normalisation: Normalisation;
}

/** MNIST images of the given digits: all of them, or the first `limit`. */
export async function digits(
  split: 'train' | 'test',
  classes: readonly number[],
  limit?: number,
): Promise<Digits> {
  const data = await mnist();
  return { ...pickClasses(data[split], classes, limit === undefined ? {} : { limit }), normalisation: data };
}

function batchOf({ normalisation, labels, ...split }: Digits, rows: readonly number[]): Batch {
  return {
    input: new ort.Tensor('float32', floatImages(split, rows, normalisation), [rows.length, 1, 28, 28]),
    target: new ort.Tensor(
      'int64',
      BigInt64Array.from(rows, (row) => BigInt(labels[row]!)),
      [rows.length],
    ),
  };
}

/**
 * Batches of digits in a new order every epoch, and the numbers of the examples in each, which `cacheFeatures` needs.
 */
export class Loader {
  readonly #data: Digits;
  readonly #size: number;
  readonly #numbers = new WeakMap<Batch, readonly number[]>();

  constructor(data: Digits, size: number) {
    this.#data = data;
    this.#size = size;
  }

  readonly batches = (epoch: number): Batch[] => {
    const { count } = this.#data;
    const order = [...shuffledIndices(count, epoch)];
    return Array.from({ length: Math.floor(count / this.#size) }, (_, i) => {
      const rows = order.slice(i * this.#size, (i + 1) * this.#size);
      const batch = batchOf(this.#data, rows);
      this.#numbers.set(batch, rows);
      return batch;
    });
  };

  readonly numbersOf = (batch: Batch): readonly number[] => this.#numbers.get(batch) ?? [];
}

/** The accuracy of a model file, computed by ONNX Runtime alone. */
export async function accuracyOf(model: Uint8Array, examples: Digits): Promise<number> {
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
  const { labels, count } = examples;
  const { input } = batchOf(
    examples,
    Array.from(labels, (_, i) => i),
  );
  const { output } = await session.run({ input: input! });
  await session.release();
  const classes = output!.dims[1]!;
  const scores = output!.data as Float32Array;
  const right = labels.filter((label, i) => {
    const own = scores.subarray(i * classes, (i + 1) * classes);
    return own.indexOf(Math.max(...own)) === label;
  });
  return right.length / count;
}

import { floatImages, mnist, shuffledIndices } from '@clr/datasets';
import type { Batch } from '@clr/onnx';
import * as ort from 'onnxruntime-node';

/** Images of some digits, which are numbered from 0. */
export interface Digits {
  readonly images: Float32Array;
  readonly labels: readonly number[];
}

const pixels = 28 * 28;

/** The first `limit` MNIST images of the given digits, always in the same order. */
export async function digits(
  split: 'train' | 'test',
  classes: readonly number[],
  limit: number = Number.POSITIVE_INFINITY,
): Promise<Digits> {
  const data = await mnist();
  const { labels, count } = data[split];
  const chosen = [...shuffledIndices(count, 1)].filter((i) => classes.includes(labels[i]!)).slice(0, limit);
  return {
    images: floatImages(data[split], Uint32Array.from(chosen), data),
    labels: chosen.map((i) => classes.indexOf(labels[i]!)),
  };
}

/** Batches of digits in a new order every epoch, and the numbers of the examples in each: what `cacheFeatures` asks for. */
export class Loader {
  readonly #data: Digits;
  readonly #size: number;
  readonly #numbers = new WeakMap<Batch, readonly number[]>();

  constructor(data: Digits, size: number) {
    this.#data = data;
    this.#size = size;
  }

  readonly batches = (epoch: number): Batch[] => {
    const { labels } = this.#data;
    const order = [...shuffledIndices(labels.length, epoch)];
    const count = Math.floor(labels.length / this.#size);
    return Array.from({ length: count }, (_, i) =>
      this.#batch(order.slice(i * this.#size, (i + 1) * this.#size)),
    );
  };

  readonly numbersOf = (batch: Batch): readonly number[] => this.#numbers.get(batch) ?? [];

  #batch(rows: readonly number[]): Batch {
    const { images, labels } = this.#data;
    const data = new Float32Array(rows.length * pixels);
    for (const [at, row] of rows.entries())
      data.set(images.subarray(row * pixels, (row + 1) * pixels), at * pixels);
    const batch = {
      input: new ort.Tensor('float32', data, [rows.length, 1, 28, 28]),
      target: new ort.Tensor(
        'int64',
        BigInt64Array.from(rows, (row) => BigInt(labels[row]!)),
        [rows.length],
      ),
    };
    this.#numbers.set(batch, rows);
    return batch;
  }
}

/** The share of examples that a file classifies right, with nothing but ONNX Runtime. */
export async function accuracyOf(model: Uint8Array, examples: Digits): Promise<number> {
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
  const { labels, images } = examples;
  const input = new ort.Tensor('float32', images, [labels.length, 1, 28, 28]);
  const { output } = await session.run({ input });
  await session.release();
  const classes = output!.dims[1]!;
  const scores = output!.data as Float32Array;
  const right = labels.filter((label, i) => {
    const own = scores.subarray(i * classes, (i + 1) * classes);
    return own.indexOf(Math.max(...own)) === label;
  });
  return right.length / labels.length;
}

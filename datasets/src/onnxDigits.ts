// MNIST's digits as batches for ONNX Runtime.

import * as ort from 'onnxruntime-node';
import type { LabelledImages } from './dataset.ts';
import { floatImages, type Normalisation } from './floatImages.ts';
import { mnist } from './mnist.ts';
import { pickClasses } from './pickClasses.ts';
import { shuffledIndices } from './shuffledIndices.ts';

/** Images of some digits. Their classes are numbered from 0 in the order in which the digits were given. */
export interface Digits extends LabelledImages {
  readonly normalisation: Normalisation;
}

/** A batch of digits: `input` [N, 1, 28, 28] and `target` [N]. */
export type DigitBatch = Readonly<Record<'input' | 'target', ort.Tensor>>;

/** The MNIST images of the given digits: all of them, or `limit` images that the seed chooses. */
export async function digits(
  split: 'train' | 'test',
  classes: readonly number[],
  { limit, seed = 0 }: { readonly limit?: number; readonly seed?: number } = {},
): Promise<Digits> {
  const data = await mnist();
  const options = { seed, ...(limit === undefined ? {} : { limit }) };
  return { ...pickClasses(data[split], classes, options), normalisation: data };
}

/** The indices of the examples in each full batch of an epoch, shuffled by the seed. */
export function orderOf(count: number, size: number, seed: number): number[][] {
  const order = [...shuffledIndices(count, seed)];
  return Array.from({ length: Math.floor(count / size) }, (_, i) => order.slice(i * size, (i + 1) * size));
}

/** A batch of the examples with the indices `rows`. */
export function batchOf({ normalisation, labels, ...split }: Digits, rows: readonly number[]): DigitBatch {
  return {
    input: new ort.Tensor('float32', floatImages(split, rows, normalisation), [rows.length, 1, 28, 28]),
    target: new ort.Tensor(
      'int64',
      BigInt64Array.from(rows, (row) => BigInt(labels[row]!)),
      [rows.length],
    ),
  };
}

/** The share of examples that a model file classifies correctly, computed by ONNX Runtime alone. */
export async function accuracyOf(model: Uint8Array, examples: Digits): Promise<number> {
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
  let right = 0;
  const rows = Array.from(examples.labels, (_, i) => i);
  for (let from = 0; from < rows.length; from += 250) {
    const part = rows.slice(from, from + 250);
    const [scores] = Object.values(await session.run({ input: batchOf(examples, part).input }));
    const classes = scores!.dims[1]!;
    for (const [i, row] of part.entries()) {
      const own = (scores!.data as Float32Array).subarray(i * classes, (i + 1) * classes);
      right += Number(own.indexOf(Math.max(...own)) === examples.labels[row]);
    }
  }
  await session.release();
  return right / rows.length;
}

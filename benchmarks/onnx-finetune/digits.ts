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

/** The MNIST images of the given digits: all of them, or `limit` of them chosen by the seed. */
export async function digits(
  split: 'train' | 'test',
  classes: readonly number[],
  limit?: number,
  seed = 0,
): Promise<Digits> {
  const data = await mnist();
  const options = { seed, ...(limit === undefined ? {} : { limit }) };
  return { ...pickClasses(data[split], classes, options), normalisation: data };
}

/** All images as floats. */
export const pixelsOf = ({ normalisation, ...split }: Digits): Float32Array =>
  floatImages(
    split,
    Uint32Array.from(split.labels, (_, i) => i),
    normalisation,
  );

/** The numbers of the examples of each batch of an epoch. */
export function orderOf(count: number, size: number, seed: number): number[][] {
  const order = [...shuffledIndices(count, seed)];
  return Array.from({ length: Math.floor(count / size) }, (_, i) => order.slice(i * size, (i + 1) * size));
}

/** A batch of the examples with these numbers. */
export function batchOf({ normalisation, labels, ...split }: Digits, rows: readonly number[]): Batch {
  return {
    input: new ort.Tensor('float32', floatImages(split, rows, normalisation), [rows.length, 1, 28, 28]),
    target: new ort.Tensor(
      'int64',
      BigInt64Array.from(rows, (row) => BigInt(labels[row]!)),
      [rows.length],
    ),
  };
}

/** The accuracy of a model file, computed by ONNX Runtime alone. */
export async function accuracyOf(model: Uint8Array, examples: Digits): Promise<number> {
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
  let right = 0;
  const rows = Array.from(examples.labels, (_, i) => i);
  for (let from = 0; from < rows.length; from += 250) {
    const part = rows.slice(from, from + 250);
    const { input } = batchOf(examples, part);
    const [scores] = Object.values(await session.run({ input: input! }));
    const classes = scores!.dims[1]!;
    for (const [i, row] of part.entries()) {
      const own = (scores!.data as Float32Array).subarray(i * classes, (i + 1) * classes);
      right += Number(own.indexOf(Math.max(...own)) === examples.labels[row]);
    }
  }
  await session.release();
  return right / rows.length;
}

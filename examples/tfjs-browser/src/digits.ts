import * as tf from '@tensorflow/tfjs';

/** Images of 28 × 28 pixels in [0, 1], and one-hot labels for the ten digits. */
export interface Digits {
  readonly xs: tf.Tensor4D;
  readonly ys: tf.Tensor2D;
  readonly count: number;
}

/** Fetches digits as bytes, at most `limit` of them. */
export async function loadDigits(part: 'train' | 'test', limit: number): Promise<Digits> {
  const [images, labels] = await Promise.all(
    ['images', 'labels'].map(async (what) => {
      const response = await fetch(`./digits/${part}-${what}`);
      if (!response.ok)
        throw new Error(`The digits could not be fetched: ${response.status} ${response.statusText}.`);
      return new Uint8Array(await response.arrayBuffer());
    }),
  );
  const count = Math.min(limit, labels!.length);
  return tf.tidy(() => ({
    xs: tf.tensor4d(images!.subarray(0, count * 784), [count, 28, 28, 1]).div(255) as tf.Tensor4D,
    ys: tf.oneHot(tf.tensor1d(labels!.subarray(0, count), 'int32'), 10).toFloat() as tf.Tensor2D,
    count,
  }));
}

/** Cuts the digits into batches of tensors. */
export function cut({ xs, ys, count }: Digits, size: number): { xs: tf.Tensor4D; ys: tf.Tensor2D }[] {
  const starts = Array.from({ length: Math.floor(count / size) }, (_, index) => index * size);
  return starts.map((start) => ({ xs: xs.slice(start, size), ys: ys.slice(start, size) }));
}

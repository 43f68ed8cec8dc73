import { floatBatches, type LabelledImages, mnist } from '@clr/datasets';
import * as tf from '@tensorflow/tfjs';

/** Images as rows of 784 pixels, and one-hot labels for the ten classes. */
export interface Digits {
  readonly xs: tf.Tensor2D;
  readonly ys: tf.Tensor2D;
}

/** Loads the first `count` training digits, the next 1,000 for validation, and the 10,000 test digits. */
export async function loadDigits(
  count: number,
): Promise<{ train: Digits; validation: Digits; test: Digits }> {
  const data = await mnist();
  const part = (split: LabelledImages, size: number): Digits[] =>
    [...floatBatches(split, { ...data, size, keepLast: false })].map(({ images, labels }) => ({
      xs: tf.tensor2d(images, [size, 784]),
      ys: tf.oneHot(tf.tensor1d(Int32Array.from(labels), 'int32'), 10).toFloat() as tf.Tensor2D,
    }));
  const [train] = part({ ...data.train, count }, count);
  const [validation] = part(
    {
      images: data.train.images.subarray(count * 784),
      labels: data.train.labels.subarray(count),
      count: 1000,
    },
    1000,
  );
  const [test] = part(data.test, data.test.count);
  return { train: train!, validation: validation!, test: test! };
}

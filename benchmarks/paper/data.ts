import { cifar10, type LabelledImages } from '@clr/datasets';
import type { Batch } from '@clr/onnx';
import * as ort from 'onnxruntime-node';

const pixels = 3 * 32 * 32;

/** CIFAR-10 as Caffe's examples feed it: bytes from 0 to 255 minus the mean image, in file order, never shuffled. */
export interface Cifar {
  /**
   * Training batches in the order of the images, without end. After the last image the first image follows, also within
   * a batch.
   */
  batches(size: number): Generator<Batch, never>;
  /** The 10,000 test images. */
  readonly test: readonly Batch[];
}

/**
 * Loads CIFAR-10 (fetched once, 139 MB).
 *
 * @param images - the number of training images, counted from the first; default 50,000
 */
export async function loadCifar(images = 50_000): Promise<Cifar> {
  const { train, test } = await cifar10();
  const mean = meanImage(train);
  const batchOf = (of: LabelledImages, indices: readonly number[]): Batch => {
    const input = new Float32Array(indices.length * pixels);
    indices.forEach((index, i) => {
      const from = of.images.subarray(index * pixels, (index + 1) * pixels);
      for (let k = 0; k < pixels; k++) input[i * pixels + k] = from[k]! - mean[k]!;
    });
    const target = BigInt64Array.from(indices, (index) => BigInt(of.labels[index]!));
    return {
      input: new ort.Tensor('float32', input, [indices.length, 3, 32, 32]),
      target: new ort.Tensor('int64', target, [indices.length]),
    };
  };
  return {
    *batches(size) {
      for (let from = 0; ; from = (from + size) % images) {
        yield batchOf(
          train,
          Array.from({ length: size }, (_, i) => (from + i) % images),
        );
      }
    },
    test: Array.from({ length: test.count / 250 }, (_, i) =>
      batchOf(
        test,
        Array.from({ length: 250 }, (_, k) => 250 * i + k),
      ),
    ),
  };
}

/** The mean of every pixel of every channel over all training images. */
function meanImage({ images, count }: LabelledImages): Float32Array {
  const sums = new Float64Array(pixels);
  for (let i = 0; i < images.length; i++) sums[i % pixels]! += images[i]!;
  return Float32Array.from(sums, (sum) => sum / count);
}

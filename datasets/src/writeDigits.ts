import { mkdir, writeFile } from 'node:fs/promises';
import { mnist } from './mnist.ts';

/**
 * Writes a part of MNIST as bytes that a web page can fetch: the files `train-images`, `train-labels`, `test-images`
 * and `test-labels`.
 *
 * @param folder - a file URL that ends in a slash; the folder is made if it does not exist
 * @param counts - the number of training and of test images to write, starting with the first
 *
 * @example
 * ```ts
 * await writeDigits(new URL('../public/digits/', import.meta.url), { train: 4000, test: 1000 });
 * ```
 */
export async function writeDigits(
  folder: URL,
  counts: { readonly train: number; readonly test: number },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const data = await mnist();
  for (const part of ['train', 'test'] as const) {
    const { images, labels } = data[part];
    await writeFile(new URL(`${part}-images`, folder), images.subarray(0, counts[part] * 784));
    await writeFile(new URL(`${part}-labels`, folder), labels.subarray(0, counts[part]));
  }
}

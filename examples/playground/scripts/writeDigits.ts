/** Writes the digits that the page fetches on demand: a part of MNIST, as plain bytes, into public/digits/. */
import { mkdir, writeFile } from 'node:fs/promises';
import { type LabelledImages, mnist } from '@clr/datasets';

const folder = new URL('../public/digits/', import.meta.url);
await mkdir(folder, { recursive: true });

async function write(name: string, { images, labels }: LabelledImages, count: number): Promise<void> {
  await writeFile(new URL(`${name}-images`, folder), images.subarray(0, count * 784));
  await writeFile(new URL(`${name}-labels`, folder), labels.subarray(0, count));
}

const { train, test } = await mnist();
await write('train', train, 4000);
await write('test', test, 1000);

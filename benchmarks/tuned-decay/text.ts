import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { random } from '@clr/datasets';
import type { Examples } from '../range-test/data.ts';

/** Printable ASCII and the line feed, 96 classes; anything else counts as `?`. */
const codeOf = (byte: number): number => (byte === 10 ? 0 : byte >= 32 && byte < 127 ? byte - 31 : 32);

/**
 * Windows of a text file that an installed package holds, and as targets the next character at each place. Of every
 * ten stretches of 2,000 characters the last is for the test, the one before it for validation.
 *
 * @param packages - the package that holds the file, after those through which it is found from here
 */
export async function characters(
  packages: readonly string[],
  file: string,
  length: number,
): Promise<Examples[]> {
  let from: string = import.meta.filename;
  for (const name of packages) from = createRequire(from).resolve(`${name}/package.json`);
  const bytes = await readFile(join(dirname(from), file));
  const stretch = 2000;
  const next = random(61);
  const places: number[][] = [[], [], []];
  for (let from = 0; from + stretch <= bytes.length; from += stretch) {
    const part = Math.max(0, ((from / stretch) % 10) - 7);
    // A random phase, so that windows do not all begin where lines do.
    for (let at = from + Math.floor(next() * length); at + length < from + stretch; at += length)
      places[part]!.push(at);
  }
  return places.map((all) => {
    const starts = all.slice(0, 20_000);
    const inputs = new BigInt64Array(starts.length * length);
    const labels = new Uint8Array(starts.length * length);
    starts.forEach((start, i) => {
      for (let k = 0; k < length; k++) {
        inputs[i * length + k] = BigInt(codeOf(bytes[start + k]!));
        labels[i * length + k] = codeOf(bytes[start + k + 1]!);
      }
    });
    return { inputs, labels, count: starts.length };
  });
}

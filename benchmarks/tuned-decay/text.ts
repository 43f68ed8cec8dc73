import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { random } from '@clr/datasets';
import type { Examples } from '../range-test/data.ts';
import { inCache } from './tables.ts';

/** The class of a character. Printable ASCII and the line feed have 96 classes. Any other character counts as `?`. */
const codeOf = (byte: number): number => (byte === 10 ? 0 : byte >= 32 && byte < 127 ? byte - 31 : 32);

/**
 * Windows of a text file of an installed package. The targets are the next character at each position. Of every ten
 * stretches of 2,000 characters, the last is test data, and the ninth is validation data.
 *
 * @param packages - the names of packages that lead to the file. Each name is resolved from the package before it
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
    // A random offset, so that windows do not all begin at the start of a line.
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

/**
 * Windows at random positions of a text that `tables.py` wrote, and the character that follows each. Of every ten
 * stretches of 2,000 characters, the last two are test data, and the eighth is validation data.
 */
export async function nextCharacter(
  name: string,
  counts: readonly number[],
  length: number,
): Promise<Examples[]> {
  const bytes = await readFile(inCache(`${name}.txt`));
  const stretch = 2000;
  const groups = Math.floor(bytes.length / stretch / 10);
  const next = random(67);
  const first = [0, 7, 8, 10] as const;
  return counts.map((count, part) => {
    const inputs = new BigInt64Array(count * length);
    const labels = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const turn = first[part]! + Math.floor(next() * (first[part + 1]! - first[part]!));
      const of = 10 * Math.floor(next() * groups) + turn;
      const start = stretch * of + Math.floor(next() * (stretch - length));
      for (let k = 0; k < length; k++) inputs[i * length + k] = BigInt(codeOf(bytes[start + k]!));
      labels[i] = codeOf(bytes[start + length]!);
    }
    return { inputs, labels, count };
  });
}

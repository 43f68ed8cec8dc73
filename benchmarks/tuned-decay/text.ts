import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { random } from '@clr/datasets';
import type { Examples } from '../range-test/data.ts';
import { inCache } from './tables.ts';

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

/**
 * Windows of a text that `tables.py` wrote, at random places, and the one character that follows each. Of every ten stretches
 * of 2,000 characters the last two are for the test, the one before them for validation.
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

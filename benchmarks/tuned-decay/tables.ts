import { readFile } from 'node:fs/promises';
import type { Examples } from '../range-test/data.ts';

/** A file that `tables.py` wrote. */
export const inCache = (file: string): URL => new URL(`../.cache/tables/${file}`, import.meta.url);

/** Splits a table's shuffled rows into parts of the given sizes. */
export async function readTable(name: string, counts: readonly number[]): Promise<Examples[]> {
  const { buffer, byteOffset } = await readFile(inCache(`${name}.bin`));
  const [rows, features] = new Int32Array(buffer.slice(byteOffset, byteOffset + 8));
  const labelsAt = byteOffset + 12 + 4 * rows! * features!;
  const inputs = new Float32Array(buffer.slice(byteOffset + 12, labelsAt));
  const labels = new Uint8Array(buffer, labelsAt, rows!);
  let from = 0;
  return counts.map((count) => {
    const to = from + count;
    const part = {
      inputs: inputs.slice(from * features!, to * features!),
      labels: labels.slice(from, to),
      count,
    };
    from = to;
    return part;
  });
}

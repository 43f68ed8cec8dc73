import { checkOptionNames } from '@clr/core';
import type { Values } from '../dataset.ts';
import { fail } from '../errors.ts';

/** The model's requirements for the examples. */
export interface Wanted {
  /** The number of classes, if the target is a class. */
  readonly classes?: number;
}

/**
 * Checks some examples before a model uses them.
 *
 * @returns advice as sentences, about pixels that are not scaled and inputs that are constant
 * @throws {ClrError} on numbers that are not finite, and on labels outside 0 … classes − 1
 *
 * @example
 * ```ts
 * const input = { type: 'float32', dims: [2, 2], data: Float32Array.of(0, 255, 128, 7) };
 * checkValues({ input })[0].startsWith('"input" holds whole numbers from 0 to 255'); // true
 * ```
 */
export function checkValues(values: Readonly<Record<string, Values>>, wanted: Wanted = {}): string[] {
  const { classes } = checkOptionNames('clr/data', 'checkValues', wanted, ['classes']);
  const notes: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (name === 'target' && value.type === 'int64' && classes !== undefined) checkLabels(value, classes);
    if (value.type === 'float32') notes.push(...checkFloats(name, value));
  }
  return notes;
}

function checkFloats(name: string, { dims, data }: Values): string[] {
  const floats = data as Float32Array;
  const size = floats.length / (dims[0] ?? 1);
  let [low, high, whole, bad] = [Infinity, -Infinity, true, -1];
  // A plain loop, because callbacks take ten times as long on millions of numbers.
  for (let i = 0; i < floats.length; i++) {
    const number = floats[i] as number;
    // True for NaN and infinities.
    if (number - number !== 0) {
      bad = i;
      break;
    }
    if (number < low) low = number;
    if (number > high) high = number;
    if (whole && number % 1 !== 0) whole = false;
  }
  if (bad >= 0) {
    throw fail(
      `finite numbers in "${name}"`,
      `${floats[bad]} in row ${Math.floor(bad / size)}, at position ${bad % size}`,
      'Replace or remove such rows: one NaN makes every weight NaN.',
    );
  }
  if (name === 'target') return [];
  const notes: string[] = [];
  if (low === high) notes.push(`"${name}" is ${low} everywhere, so there is nothing to learn from it.`);
  else if (whole && low >= 0 && high > 100 && high <= 255 && size > 1) {
    notes.push(
      `"${name}" holds whole numbers from ${low} to ${high}, as raw pixels do. Divide them by 255. It is better still to subtract the mean and divide by the deviation.`,
    );
  }
  return notes;
}

function checkLabels({ data }: Values, classes: number): void {
  const labels = data as BigInt64Array;
  let [low, high] = [labels[0] ?? 0n, labels[0] ?? 0n];
  for (const label of labels) {
    if (label < low) low = label;
    if (label > high) high = label;
  }
  if (low >= 0n && high < BigInt(classes)) return;
  throw fail(
    `labels from 0 to ${classes - 1}, because the model has ${classes} classes`,
    `labels from ${low} to ${high}`,
    low === 1n && high === BigInt(classes)
      ? 'They are numbered from 1: subtract 1.'
      : `Number the classes from 0, or give the model a new head: --head ${Number(high) + 1}.`,
  );
}

import { checkOptionNames } from '@clr/core';
import { fail } from './errors.ts';
import { shuffled } from './random.ts';

/** Options of {@link splitRows}. */
export interface SplitOptions {
  /** The share of the examples for validation, in (0, 1). Default 0.2. */
  readonly share?: number;
  /** Decides which examples are held out. Default 0. */
  readonly seed?: number;
}

/**
 * Splits examples into training and validation by a seed. Each class has the same share in both parts. If a class has
 * only one example, this example is for training.
 *
 * @param labels - the class of each example, or the number of examples
 * @returns the row numbers of both parts, in ascending order
 * @throws {ClrError} if the share leaves one part without examples
 *
 * @example
 * ```ts
 * const { train, validation } = splitRows([0, 0, 0, 0, 1, 1], { share: 0.5 });
 * [train.length, validation.length]; // [3, 3]
 * ```
 */
export function splitRows(
  labels: ArrayLike<number> | number,
  options: SplitOptions = {},
): {
  /** The rows to train on. */
  readonly train: Uint32Array;
  /** The rows to evaluate on. */
  readonly validation: Uint32Array;
} {
  const { share = 0.2, seed = 0 } = checkOptionNames('clr/data', 'splitRows', options, ['share', 'seed']);
  const count = typeof labels === 'number' ? labels : labels.length;
  const labelOf = (row: number): number => (typeof labels === 'number' ? 0 : (labels[row] as number));
  const sizes = new Map<number, number>();
  for (let row = 0; row < count; row++) sizes.set(labelOf(row), (sizes.get(labelOf(row)) ?? 0) + 1);
  const classes = [...sizes]
    .sort(([a], [b]) => a - b)
    .map(([label, size]) => ({ label, rows: new Uint32Array(size), filled: 0 }));
  const named = new Map(classes.map((each) => [each.label, each]));
  for (let row = 0; row < count; row++) {
    const each = named.get(labelOf(row));
    if (each) each.rows[each.filled++] = row;
  }
  const isApart = new Uint8Array(count);
  let [seen, total] = [0, 0];
  for (const { label, rows } of classes) {
    // Rounds the sum over the classes so far, so that small classes together get their share of validation rows.
    seen += rows.length;
    const apart = Math.min(rows.length - 1, Math.max(0, Math.round(seen * share) - total));
    for (const row of shuffled(rows, seed + 7919 * label).subarray(0, apart)) isApart[row] = 1;
    total += apart;
  }
  if (!(share > 0 && share < 1) || total === 0 || total === count) {
    throw fail(
      'a share in (0, 1) that leaves examples in both parts',
      `${share} of ${count} examples`,
      'Give more examples, or separate validation data.',
    );
  }
  const [train, validation] = [new Uint32Array(count - total), new Uint32Array(total)];
  let [trained, tested] = [0, 0];
  for (let row = 0; row < count; row++) {
    if (isApart[row]) validation[tested++] = row;
    else train[trained++] = row;
  }
  return { train, validation };
}

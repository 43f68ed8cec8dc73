import { fail } from './errors.ts';
import { shuffled } from './random.ts';

/** Options of {@link splitRows}. */
export interface SplitOptions {
  /** The share of the examples that is set apart, in (0, 1). Default 0.2. */
  readonly share?: number;
  /** Decides which. Default 0. */
  readonly seed?: number;
}

/**
 * Sets examples apart for validation: by a seed, and so that each class has the same share in both parts. A class with one
 * example keeps it for training.
 *
 * @param labels - the class of each example, or how many examples there are
 * @returns the numbers of the examples of both parts, rising
 * @throws {ClrError} if the share leaves a part without examples
 *
 * @example
 * ```ts
 * const { train, validation } = splitRows([0, 0, 0, 0, 1, 1], { share: 0.5 });
 * [train.length, validation.length]; // [3, 3]
 * ```
 */
export function splitRows(
  labels: ArrayLike<number> | number,
  { share = 0.2, seed = 0 }: SplitOptions = {},
): { readonly train: Uint32Array; readonly validation: Uint32Array } {
  const count = typeof labels === 'number' ? labels : labels.length;
  const classes = new Map<number, number[]>();
  for (let row = 0; row < count; row++) {
    const label = typeof labels === 'number' ? 0 : (labels[row] as number);
    const rows = classes.get(label);
    if (rows) rows.push(row);
    else classes.set(label, [row]);
  }
  const [train, validation]: [number[], number[]] = [[], []];
  let seen = 0;
  for (const [label, rows] of [...classes].sort(([a], [b]) => a - b)) {
    const order = shuffled(Uint32Array.from(rows), seed + 7919 * label);
    // Counted over all classes so far, so that small ones have their share together.
    seen += rows.length;
    const wanted = Math.round(seen * share) - validation.length;
    const apart = Math.min(rows.length - 1, Math.max(0, wanted));
    validation.push(...order.subarray(0, apart));
    train.push(...order.subarray(apart));
  }
  if (!(share > 0 && share < 1) || validation.length === 0 || train.length === 0) {
    throw fail(
      'a share in (0, 1) that leaves examples in both parts',
      `${share} of ${count} examples`,
      'Give more examples, or validation data of their own.',
    );
  }
  const rising = (rows: readonly number[]): Uint32Array => Uint32Array.from(rows).sort();
  return { train: rising(train), validation: rising(validation) };
}

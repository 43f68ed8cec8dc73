import { ClrError, show } from '../errors.ts';

/**
 * The weights of several snapshots in their mean `Σ weightᵢ · snapshotᵢ / Σ weightᵢ`. Default: all 1.
 * Adapters call it first in `average`.
 *
 * @throws {ClrError} if there is no snapshot, or if `weights` does not have one number of at least 0 for each, at least
 *   one of them above 0
 *
 * @example
 * ```ts
 * averagingWeights([{}, {}]); // [1, 1]
 * averagingWeights([{}, {}], [0.9, 0.1]); // [0.9, 0.1]
 * ```
 */
export function averagingWeights(
  snapshots: readonly object[],
  weights?: readonly number[],
): readonly number[] {
  if (!Array.isArray(snapshots) || snapshots.length === 0) {
    throw new ClrError('clr/core', {
      expected: 'a list of at least one snapshot',
      received: show(snapshots),
      advice: 'Pass the result of snapshot().',
    });
  }
  const count = snapshots.length;
  if (weights === undefined) return new Array(count).fill(1);
  // Use a copy, because findIndex visits the holes of a sparse list and reduce does not.
  const all: readonly unknown[] = Array.isArray(weights) ? Array.from(weights) : [];
  const bad = all.findIndex((weight) => !(Number.isFinite(weight) && (weight as number) >= 0));
  const total = all.reduce((sum: number, weight) => sum + Number(weight), 0);
  if (all.length === count && bad < 0 && total > 0 && total < Infinity) return weights;
  throw new ClrError('clr/core', {
    expected: `${count} weights of at least 0, one for each snapshot, with a finite sum above 0`,
    received: bad < 0 ? `${all.length} with the sum ${total}` : `weights[${bad}] = ${show(all[bad])}`,
    advice: 'Leave out the weights to count all snapshots equally.',
  });
}

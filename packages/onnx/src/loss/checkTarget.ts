import type { Dim } from '../graph/dim.ts';
import type { Ops } from '../graph/ops.ts';
import type { Target } from './target.ts';

/** The purpose recorded in the check's nodes. If the runtime refuses one of them, the target is wrong. */
export const targetCheck = 'the check that the target has the shape of the output';

/**
 * Returns the loss, with a check that makes the runtime refuse a target whose shape differs from the output's.
 * Otherwise a target of one example would be broadcast over the whole batch.
 *
 * @param fed - the axes of the model's inputs. Targets are checked against these before a step. The graph checks the
 * other axes, such as sizes that the model computes.
 */
export function checkTarget(
  b: Ops,
  loss: string,
  { name, dims, of, axes }: Target,
  fed: ReadonlySet<Dim>,
): string {
  const open = dims.flatMap((dim, i) =>
    typeof dim === 'string' && !fed.has(dim) && (axes[i] ?? -1) >= 0 ? [i] : [],
  );
  if (open.length === 0) return loss;
  return b.writtenFor(targetCheck, () => {
    const sizes = (value: string, at: readonly number[]): string =>
      b.concat(
        at.map((axis) => b.sizeAt(value, axis)),
        0,
      );
    const off = b.sub(
      sizes(name, open),
      sizes(
        of,
        open.map((i) => axes[i] as number),
      ),
    );
    // The only legal index of [0] is 0. Any other index is an error at run time.
    const zero = b.emit('Gather', [b.ints([0]), b.sumAll(b.abs(off))], { axis: 0 });
    return b.add(loss, b.castLike(zero, loss));
  });
}

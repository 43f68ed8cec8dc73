import type { Builder } from '../graph/builder.ts';
import type { Dim } from '../graph/dim.ts';
import type { Target } from './lossHead.ts';

/** What the nodes of the check are written for; a runtime that refuses one refuses the target. */
export const targetCheck = 'the check that the target has the shape of the output';

/**
 * The loss, refused by the runtime where the target has another shape than the output: the loss's arithmetic would
 * broadcast a target of one example over a whole batch.
 *
 * @param fed - the axes of the model's inputs. Targets are checked by these before a step; the graph checks what the
 * batch does not tell, such as a size that the model works out.
 */
export function checkTarget(
  b: Builder,
  loss: string,
  { name, dims, of, axes }: Target,
  fed: ReadonlySet<Dim>,
): string {
  const open = dims.flatMap((dim, i) => (typeof dim === 'string' && !fed.has(dim) ? [i] : []));
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
    // the only element of [0]; any other index is an error
    const zero = b.emit('Gather', [b.ints([0]), b.sumAll(b.abs(off))], { axis: 0 });
    return b.add(loss, b.castLike(zero, loss));
  });
}

import { sizeOf } from '../format/tensor.ts';
import type { Dim, Dims } from './dim.ts';
import { isStatic, type ValueType } from './value.ts';

/** Longer ones are data, not shapes. */
const longestResult = 1024;

/**
 * The known elements of a value whose elements come from other places of another: a transposition, a slice.
 *
 * @param source - where the element at an index of the result comes from
 * @returns `undefined` where the elements or either shape are not known
 */
export function mapElements(
  value: readonly Dim[] | undefined,
  from: Dims,
  to: Dims,
  source: (index: readonly number[]) => readonly number[],
): Dim[] | undefined {
  if (!value || !isStatic(from) || !isStatic(to) || sizeOf(to) > longestResult) return undefined;
  return Array.from({ length: sizeOf(to) }, (_, flat) => {
    const index: number[] = [];
    let rest = flat;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      const size = to[axis] as number;
      index[axis] = rest % size;
      rest = Math.floor(rest / size);
    }
    const at = source(index).reduce((offset, i, axis) => offset * (from[axis] as number) + i, 0);
    return value[at] as Dim;
  });
}

/** The known elements of a value repeated to the shape it broadcasts to. */
export function broadcastValue({ value, dims: from }: ValueType, to: Dims): Dim[] | undefined {
  return mapElements(value, from, to, (index) =>
    index.slice(index.length - (from?.length ?? 0)).map((i, axis) => (from?.[axis] === 1 ? 0 : i)),
  );
}

import { sizeOf } from '../format/tensor.ts';
import type { Dim, Dims } from './dim.ts';
import { isStatic, type ValueType } from './value.ts';

/** Longer results are data, not shapes. */
const longestResult = 1024;

/**
 * The known elements of a value that rearranges another value's elements, as a transposition or a slice does.
 *
 * @param source - maps an index of the result to an index of the original
 * @returns `undefined` if the elements or either shape are unknown
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

/** The known elements of a value after broadcasting. */
export function broadcastValue({ value, dims: from }: ValueType, to: Dims): Dim[] | undefined {
  return mapElements(value, from, to, (index) =>
    index.slice(index.length - (from?.length ?? 0)).map((i, axis) => (from?.[axis] === 1 ? 0 : i)),
  );
}

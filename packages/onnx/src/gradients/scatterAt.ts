import { DataType } from '../format/dataType.ts';
import type { Ops } from '../graph/ops.ts';

/** Position lists up to this length are stored in the model. */
const longestListed = 4096;

/** The numbers 0, 1, 2, … below `size`, which is a vector of one element. */
function counting(b: Ops, size: string): string {
  const known = b.numbers(size)?.[0] ?? Number.POSITIVE_INFINITY;
  return known <= longestListed
    ? b.ints(Array.from({ length: known }, (_, i) => i))
    : b.emit('Range', [b.int(0), b.squeeze(size, [0]), b.int(1)]);
}

/** The function that combines updates with the data. */
export type Reduction = 'add' | 'mul' | 'max' | 'min';

/**
 * Combines slices with the rows of a matrix. ONNX Runtime's ScatterND spreads slices over threads and loses updates
 * if rows repeat. (With version 1.30 on the CPU, the error of an embedding's gradient was as large as its largest
 * element.) ScatterElements runs on one thread. Over a vector it is twice as fast as over a matrix.
 *
 * @param rows - [n, 1] of int64; negative ones count from the end
 * @param slices - [n, width]
 */
function scatterRows(b: Ops, matrix: string, rows: string, slices: string, reduction: Reduction): string {
  const width = b.sizeAt(slices, 1);
  const places = b.add(b.mul(rows, width), counting(b, width));
  const [whole, at, added] = [matrix, places, slices].map((value) => b.reshape(value, [-1])) as [
    string,
    string,
    string,
  ];
  return b.emit('ScatterElements', [whole, at, added], { axis: 0, reduction });
}

/**
 * Adds the slices of `source` along `axis` to zeros: slice k goes to position `positions[k]`.
 *
 * @param positions - a vector of int64 or int32
 * @param length - the size of the result's axis, as a vector of one element
 * @param distinct - whether no position occurs twice; ScatterND is correct in that case, and faster
 */
export function scatterAlong(
  b: Ops,
  source: string,
  positions: string,
  axis: number,
  length: string,
  distinct = false,
): string {
  const rank = b.rank(source);
  const front = [axis, ...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis)];
  const slices = b.transpose(source, front);
  const column = b.unsqueeze(b.cast(positions, DataType.INT64), [1]);
  const sizes = front.map((i) => {
    if (i === axis) return b.numbers(length)?.[0] ?? length;
    const dim = b.shape(source)[i];
    return typeof dim === 'number' ? dim : b.sizeAt(source, i);
  });
  const zeros = b.filled(b.shapeVector(sizes), 0, source);
  const scattered = distinct
    ? b.emit('ScatterND', [zeros, column, slices])
    : b.reshapeLike(scatterRows(b, zeros, column, b.emit('Flatten', [slices], { axis: 1 }), 'add'), zeros);
  return b.transpose(
    scattered,
    front.map((_, i) => front.indexOf(i)),
  );
}

/** An index outside of every tensor. It replaces an invalid index, so that the runtime still refuses it. */
const nowhere = -(2 ** 40);

/** Whether the number of coordinates per position is known, which {@link scatterAt} needs. */
export const hasDepth = (b: Ops, positions: string): boolean => typeof b.dims(positions)?.at(-1) === 'number';

/**
 * ScatterND without its data race: combines slices with `data` at positions that may repeat.
 *
 * @param positions - [..., k] of int64, k known: each row indexes the first k axes of `data`
 * @param updates - the slices, in the shape of the leading axes of `positions`, then the axes of a slice
 */
export function scatterAt(
  b: Ops,
  data: string,
  positions: string,
  updates: string,
  reduction: Reduction,
): string {
  const depth = b.shape(positions).at(-1) as number;
  const paths = b.reshape(positions, [-1, depth]);
  let rows = paths;
  if (depth > 1) {
    // The row-major index of each slice.
    const parts = Array.from({ length: depth }, (_, axis) => {
      const at = b.slice(paths, [axis], [axis + 1], [1]);
      const size = b.sizeAt(data, axis);
      const fromStart = b.where(b.less(at, b.int(0)), b.add(at, size), at);
      const inside = b.emit('Mod', [at, size]);
      return b.where(b.equal(inside, fromStart), inside, b.int(nowhere));
    });
    rows = parts.reduce((sum, part, axis) => b.add(b.mul(sum, b.sizeAt(data, axis)), part));
  }
  const slices = b.emit('Flatten', [updates], { axis: b.rank(positions) - 1 });
  return b.reshapeLike(scatterRows(b, data, rows, slices, reduction), data);
}

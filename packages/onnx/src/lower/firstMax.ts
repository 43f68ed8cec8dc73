import { DataType } from '../format/dataType.ts';
import type { Ops } from '../graph/ops.ts';

/** The numbers of more elements than this are counted when the model runs. */
const mostListed = 1 << 16;

/**
 * Where the first maximum along an axis is, for WebGPU: a bool tensor of the shape of `a`, true once in every row. ArgMax
 * ends in integers that WebGPU's other operators send to the CPU, so it serves only where there are too many elements to
 * number in the file.
 */
export function firstMax(b: Ops, a: string, axis: number): string {
  const size = b.shape(a)[axis];
  const along = b.shape(a).map((_, i) => (i === axis ? -1 : 1));
  if (typeof size !== 'number' || size > mostListed) {
    const count = b.emit('Range', [b.int(0), b.squeeze(b.sizeAt(a, axis), [0]), b.int(1)]);
    return b.equal(b.emit('ArgMax', [a], { axis, keepdims: 1 }), b.reshape(count, along));
  }
  // The earlier an element, the higher its rank; only maxima have one above 0.
  const ranks = Array.from({ length: size }, (_, i) => size - i);
  const rank = b.literal(b.type(a).type || DataType.FLOAT, [size], ranks);
  const maximal = b.equal(a, b.reduce('ReduceMax', a, [axis], true));
  const ranked = b.maskWith(maximal, b.reshape(rank, along));
  return b.equal(ranked, b.reduce('ReduceMax', ranked, [axis], true));
}

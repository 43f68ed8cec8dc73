import { DataType } from '../format/dataType.ts';
import type { Ops } from '../graph/ops.ts';

/** Along axes of up to this length, a constant ranks the elements. Longer axes need ArgMax. */
const maxListed = 1 << 16;

/**
 * Marks the first maximum along an axis, for WebGPU: a bool tensor of the shape of `a`, with exactly one true element
 * in each row along the axis. ArgMax is used only if the axis is too long or of unknown size, because on WebGPU the
 * operators that read its integers run on the CPU.
 */
export function oneHotArgMax(b: Ops, a: string, axis: number): string {
  const size = b.shape(a)[axis];
  const along = b.shape(a).map((_, i) => (i === axis ? -1 : 1));
  if (typeof size !== 'number' || size > maxListed) {
    const count = b.emit('Range', [b.int(0), b.squeeze(b.sizeAt(a, axis), [0]), b.int(1)]);
    return b.equal(b.emit('ArgMax', [a], { axis, keepdims: 1 }), b.reshape(count, along));
  }
  // Earlier elements get higher ranks. Only maxima keep a rank above 0.
  const ranks = Array.from({ length: size }, (_, i) => size - i);
  const rank = b.literal(b.type(a).type || DataType.FLOAT, [size], ranks);
  const maximal = b.equal(a, b.reduce('ReduceMax', a, [axis], true));
  const ranked = b.maskWith(maximal, b.reshape(rank, along));
  return b.equal(ranked, b.reduce('ReduceMax', ranked, [axis], true));
}

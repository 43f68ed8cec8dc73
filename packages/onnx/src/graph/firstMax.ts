import { DataType } from '../format/dataType.ts';
import type { Ops } from './ops.ts';

/**
 * Where the first maximum along an axis of known size is: a bool tensor of the shape of `a`, true once in
 * every row. ArgMax would do, but WebGPU's ends in integers that its other operators send to the CPU.
 */
export function firstMax(b: Ops, a: string, axis: number): string {
  const size = b.shape(a)[axis];
  const along = b.shape(a).map((_, i) => (i === axis ? -1 : 1));
  const numbers =
    typeof size === 'number' && size <= 1 << 16 ? Array.from({ length: size }, (_, i) => i) : undefined;
  if (b.provider === 'webgpu' && numbers) {
    const type = b.type(a).type || DataType.FLOAT;
    // The earlier an element, the higher its rank; only maxima have one above 0.
    const rank = b.literal(
      type,
      [numbers.length],
      numbers.map((i) => numbers.length - i),
    );
    const maximal = b.equal(a, b.reduce('ReduceMax', a, [axis], true));
    const ranked = b.maskWith(maximal, b.reshape(rank, along));
    return b.equal(ranked, b.reduce('ReduceMax', ranked, [axis], true));
  }
  const count = numbers
    ? b.ints(numbers)
    : b.emit('Range', [b.int(0), b.squeeze(b.sizeAt(a, axis), [0]), b.int(1)]);
  return b.equal(b.emit('ArgMax', [a], { axis, keepdims: 1 }), b.reshape(count, along));
}

import { fail } from '../errors.ts';
import { int, ints, makeAttribute, text } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { inputOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';
import { isStatic } from '../graph/value.ts';
import { extent, isSame, lowest, places, type Window, windowOf } from '../graph/window.ts';

/**
 * The padding at the end of each axis with which the last window ends exactly where the padded input ends. It is
 * negative if that window ends inside the input.
 */
function exactEnds(
  { kernel, strides, dilations, before }: Window,
  sizes: readonly number[],
  counts: readonly number[],
): number[] {
  return kernel.map((k, i) => {
    const reach = ((counts[i] as number) - 1) * (strides[i] as number) + extent(k, dilations[i] as number);
    return reach - (sizes[i] as number) - (before[i] as number);
  });
}

/**
 * Inserts a Pad before a pool that cannot pad by itself. `value` is the lowest float for a maximum, 0 for a norm or a
 * mean.
 */
function padBefore(node: NodeProto, b: Ops, pads: readonly number[], value: number): void {
  const [x, axes] = [inputOf(node, 0), pads.length / 2];
  const ring = b.ints([0, 0, ...pads.slice(0, axes), 0, 0, ...pads.slice(axes)]);
  node.input[0] = b.emit('Pad', [x, ring, ...(value === 0 ? [] : [b.scalar(value, x)])]);
}

/**
 * Replaces a pool's automatic padding and rounding by explicit padding. ONNX's shape inference, which the runtime uses
 * to fold shapes into constants, counts windows differently from the kernels in two cases: SAME padding with dilations,
 * and a last window that `ceil_mode` drops.
 *
 * @throws {ClrError} if the counts differ and no explicit attributes are equivalent
 */
export function settlePool(node: NodeProto, b: Ops): void {
  const kernel = ints(node, 'kernel_shape') ?? [];
  const ceil = int(node, 'ceil_mode', 0) === 1;
  const sizes = b.dims(inputOf(node, 0))?.slice(2);
  if (text(node, 'auto_pad', 'NOTSET') === 'NOTSET' && !ceil) return;
  const window = windowOf(node, b, kernel);
  const { strides, dilations, before, after } = window;
  const counts = sizes?.map((size, i) => places(window, i, size, ceil));
  if (!isStatic(sizes) || !isStatic(counts) || sizes.length !== kernel.length) return;

  const beyond = exactEnds(window, sizes, counts);
  const start = before as number[];
  const end = after as number[];
  const write = (pads: readonly number[], ...others: string[]): void => {
    const replaced = ['auto_pad', 'pads', 'ceil_mode', ...others];
    node.attribute = node.attribute.filter(({ name }) => !replaced.includes(name));
    node.attribute.push(makeAttribute('pads', pads));
  };
  const exact = beyond.map((pad) => Math.max(0, pad));
  const average = node.opType === 'AveragePool';
  // Negative padding cuts off the end of the input. An average ignores the elements of a dilated window that lie beyond
  // the cut.
  const cut = average && dilations.some((dilation, i) => dilation > 1 && (end[i] as number) < 0);
  // Negative padding is replaced by 0. If that adds a whole stride or more, it also adds a window.
  const same = start.every((pad) => pad >= 0) && beyond.every((pad, i) => pad > -(strides[i] as number));
  if (same && !cut && exact.every((pad, i) => pad < (kernel[i] as number))) {
    const counted = average && int(node, 'count_include_pad', 0) === 1;
    const counts = end.map((pad) => Math.max(0, pad));
    if (counted && exact.some((pad, i) => pad > (counts[i] as number))) {
      // Explicit padding counts in the average. Elements of a window beyond that padding do not.
      padBefore(node, b, [...start, ...counts], 0);
      write(
        [...start.map(() => 0), ...exact.map((pad, i) => Math.max(0, pad - (counts[i] as number)))],
        'count_include_pad',
      );
    } else write([...start, ...exact]);
    return;
  }
  if (same && !average && !node.output[1]) {
    const least = b.type(inputOf(node, 0)).type === DataType.DOUBLE ? -Number.MAX_VALUE : lowest;
    padBefore(node, b, [...start, ...exact], node.opType === 'MaxPool' ? least : 0);
    write(Array(2 * kernel.length).fill(0));
    return;
  }
  if (ceil || (isSame(node) && dilations.some((dilation) => dilation > 1))) {
    throw fail(
      "a pool whose number of windows is the same in ONNX's shape inference and in ONNX Runtime's kernels",
      `node "${node.name || node.output[0]}" (${node.opType}) with dilations and ${isSame(node) ? 'SAME padding' : 'ceil_mode'}`,
      'Export the model with explicit pads and without ceil_mode.',
    );
  }
}

import { ints } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import { type Dim, unknownDims } from '../graph/dim.ts';
import { inputOf } from '../graph/infer.ts';
import type { Infer, Operators } from '../graph/operator.ts';
import { windowOf } from '../graph/window.ts';

const infer: Infer = (node, b) => {
  const { type, dims } = b.type(inputOf(node, 0));
  if (inputOf(node, 2) !== '')
    return [{ type, dims: b.value(inputOf(node, 2)) ?? unknownDims(dims?.length) }];
  const { kernel, strides, before, after } = windowOf(node, b, ints(node, 'kernel_shape') ?? []);
  const sizes = dims?.slice(2).map((size, i): Dim => {
    const around = (before[i] ?? 0) + (after[i] ?? 0);
    return typeof size === 'number'
      ? (size - 1) * (strides[i] as number) + (kernel[i] as number) - around
      : `unpooled(${size})`;
  });
  return [{ type, dims: dims && sizes && [...dims.slice(0, 2), ...sizes] }];
};

/** MaxUnpool writes pooled values back to the positions of the maxima. */
export const maxUnpool: Operators = {
  MaxUnpool: {
    infer,
    differentiable: [0],
    zeroDerivative: { 1: 'positions' },
    // ONNX Runtime reads each index as a position in the flattened result.
    gradient: ({ b, x, g }) => {
      const at = b.reshape(b.cast(x(1), DataType.INT64), [-1]);
      return [b.reshapeLike(b.emit('Gather', [b.reshape(g(0), [-1]), at], { axis: 0 }), x(0))];
    },
  },
};

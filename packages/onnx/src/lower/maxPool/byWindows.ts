import { UnsupportedOperatorError } from '../../errors.ts';
import { int } from '../../format/attributes.ts';
import { DataType } from '../../format/dataType.ts';
import { nodeName } from '../../format/describeNode.ts';
import type { NodeProto } from '../../generated/onnx_pb.ts';
import type { Dim } from '../../graph/dim.ts';
import type { Ops } from '../../graph/ops.ts';
import { isStatic } from '../../graph/value.ts';
import { extent, lowest, padsOf, type Window } from '../../graph/window.ts';
import { oneHotArgMax } from '../oneHotArgMax.ts';
import { always, type Row } from '../row.ts';
import { poolOf, windowOfPool } from './pool.ts';

/**
 * The largest number of elements in a window. Each becomes a channel, so the one-hot kernel has the square of this
 * number of elements.
 */
const maxKernelElements = 1024;

/** The padding of a window. Throws if the padding is unknown, or if the window is too large for this form. */
function paddingOf(node: NodeProto, b: Ops, window: Window): readonly number[] {
  const refuse = (received: string, advice?: string): Error =>
    new UnsupportedOperatorError(
      { operator: 'MaxPool', node: nodeName(poolOf(node, b)), opset: b.opset },
      { received, ...(advice ? { advice } : {}) },
    );
  const pads = padsOf(window);
  if (!pads) {
    throw refuse(
      'its padding depends on sizes that are known only while the model runs',
      'Export the model with explicit pads, or with fixed spatial sizes.',
    );
  }
  if (window.kernel.reduce((n, size) => n * size, 1) > maxKernelElements)
    throw refuse(`its window has more than ${maxKernelElements} elements`);
  return pads;
}

/**
 * A form that needs no `Indices`. A convolution with one-hot kernels copies the elements of each window into channels.
 * The first channel that equals the window's maximum gets the gradient. The transposed convolution writes the gradient
 * to the element's position. The result is exact, because each sum has only one nonzero term.
 */
export const byWindows: Row = {
  operator: 'clr:MaxPoolGrad',
  form: 'by windows',
  where: 'webgpu',
  because: "WebGPU's MaxPool has no Indices",
  applies: always,
  write: (node, b) => {
    const [x, y, g] = node.input as [string, string, string];
    const window = windowOfPool(node, b);
    const pads = paddingOf(node, b, window);
    const { kernel, strides, dilations } = window;
    const axes = kernel.map((_, i) => i + 2);
    const before = pads.slice(0, axes.length);
    const places = kernel.reduce((n, size) => n * size, 1);
    const oneHot = b.literal(
      b.type(x).type || DataType.FLOAT,
      [places, 1, ...kernel],
      Array.from({ length: places ** 2 }, (_, i) => (i % (places + 1) === 0 ? 1 : 0)),
    );
    const shape = { kernel_shape: kernel, strides, dilations };
    const spatial = (value: string): (number | string)[] =>
      axes.map((axis) => {
        const size = b.shape(value)[axis];
        return typeof size === 'number' ? size : b.sizeAt(value, axis);
      });
    /** [N, C, …] as [N·C, 1, …], because a pool does not mix channels. */
    const alone = (value: string): string => b.reshape(value, b.shapeVector([-1, 1, ...spatial(value)]));

    // ceil_mode may add one position at the end of each axis. Its window is padded, and a surplus position is cut off.
    const ceil = int(node, 'ceil_mode', 0) === 1;
    const spare = strides.map((stride) => (ceil ? stride - 1 : 0));
    const after = pads.slice(axes.length).map((pad, i) => pad + (spare[i] as number));
    // 0 times ∞ is NaN, and masks contain −∞.
    let field = b.emit('Clip', [alone(x), b.scalar(lowest, x), b.scalar(-lowest, x)]);
    if ([...before, ...after].some((pad) => pad > 0)) {
      field = b.emit('Pad', [field, b.ints([0, 0, ...before, 0, 0, ...after]), b.scalar(lowest, field)]);
    }
    let elements = b.emit('Conv', [field, oneHot], shape);
    if (ceil) {
      const ends = b.shapeVector(spatial(y));
      elements = b.slice(elements, Array(axes.length).fill(0), ends, axes);
    }
    const share = b.maskWith(oneHotArgMax(b, elements, 1), alone(g));

    const whole = b.emit('ConvTranspose', [share, oneHot], shape);
    const sizes: readonly Dim[] = b.shape(x).slice(2);
    const reach = b
      .shape(y)
      .slice(2)
      .map((n, i) =>
        typeof n === 'number'
          ? (n - 1) * (strides[i] as number) + extent(kernel[i] as number, dilations[i] as number)
          : undefined,
      );
    // Elements beyond the last window (less than a stride) have no gradient.
    const missing = strides.map((stride, i) => {
      const [size, end] = [sizes[i], reach[i]];
      return typeof size === 'number' && end !== undefined
        ? Math.max(0, (before[i] as number) + size - end)
        : stride - 1;
    });
    const none = Array(axes.length + 2).fill(0);
    const filled = missing.some((pad) => pad > 0)
      ? b.emit('Pad', [whole, b.ints([...none, 0, 0, ...missing])])
      : whole;
    const ends = isStatic(sizes)
      ? b.ints(sizes.map((size, i) => size + (before[i] as number)))
      : b.add(b.shapeVector(spatial(x)), b.ints(before));
    return [b.reshapeLike(b.slice(filled, b.ints(before), ends, axes), x)];
  },
};

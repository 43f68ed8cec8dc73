import { int, ints } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import type { Dim } from '../graph/dim.ts';
import { firstMax } from '../graph/firstMax.ts';
import type { GradientContext } from '../graph/operator.ts';
import { isStatic } from '../graph/value.ts';
import { extent, padsOf, windowOf } from './window.ts';

/** The most negative float32: padding that is never a maximum, and finite, so that 0 times it is 0. */
export const lowest = -3.4028234663852886e38;

/**
 * The input gradient of a max pool without `Indices`, for providers whose MaxPool has none. A convolution with one-hot
 * kernels lays the elements of each window out as channels; the first that is the window's maximum gets the
 * gradient; the transposed convolution puts it back at its position. It is exact: each sum has one term that is not 0.
 */
export function maxPoolBackByWindows(c: GradientContext): string {
  const { b, node, x, y, g } = c;
  const window = windowOf(node, b, ints(node, 'kernel_shape') ?? []);
  const pads = padsOf(window);
  if (!pads) {
    throw c.refuse(
      'its padding depends on sizes that are known only while the model runs',
      'Export the model with explicit pads, or with fixed spatial sizes.',
    );
  }
  const { kernel, strides, dilations } = window;
  const axes = kernel.map((_, i) => i + 2);
  const before = pads.slice(0, axes.length);
  const places = kernel.reduce((n, size) => n * size, 1);
  if (places > 1024) throw c.refuse('its window has more than 1024 places');
  const oneHot = b.literal(
    b.type(x(0)).type || DataType.FLOAT,
    [places, 1, ...kernel],
    Array.from({ length: places ** 2 }, (_, i) => (i % (places + 1) === 0 ? 1 : 0)),
  );
  const shape = { kernel_shape: kernel, strides, dilations };
  const spatial = (value: string): (number | string)[] =>
    axes.map((axis) => {
      const size = b.shape(value)[axis];
      return typeof size === 'number' ? size : b.sizeAt(value, axis);
    });
  /** [N, C, …] as [N·C, 1, …]: the channels of a pool do not mix. */
  const alone = (value: string): string => b.reshape(value, b.shapeVector([-1, 1, ...spatial(value)]));

  // ceil_mode may add one position at the end of each axis. Its window is padded, and a surplus position is cut off.
  const ceil = int(node, 'ceil_mode', 0) === 1;
  const spare = strides.map((stride) => (ceil ? stride - 1 : 0));
  const after = pads.slice(axes.length).map((pad, i) => pad + (spare[i] as number));
  // 0 times ∞ is NaN, and masks hold −∞
  let field = b.emit('Clip', [alone(x(0)), b.scalar(lowest, x(0)), b.scalar(-lowest, x(0))]);
  if ([...before, ...after].some((pad) => pad > 0)) {
    field = b.emit('Pad', [field, b.ints([0, 0, ...before, 0, 0, ...after]), b.scalar(lowest, field)]);
  }
  let elements = b.emit('Conv', [field, oneHot], shape);
  if (ceil) {
    const ends = b.shapeVector(spatial(y(0)));
    elements = b.slice(elements, Array(axes.length).fill(0), ends, axes);
  }
  const share = b.maskWith(firstMax(b, elements, 1), alone(g(0)));

  const whole = b.emit('ConvTranspose', [share, oneHot], shape);
  const sizes: readonly Dim[] = b.shape(x(0)).slice(2);
  const reach = b
    .shape(y(0))
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
    : b.add(b.shapeVector(spatial(x(0))), b.ints(before));
  return b.reshapeLike(b.slice(filled, b.ints(before), ends, axes), x(0));
}

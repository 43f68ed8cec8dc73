import { int, ints, text } from '../format/attributes.ts';
import type { Dim } from '../graph/dim.ts';
import type { GradientContext } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';
import { isStatic } from '../graph/value.ts';
import { isSame, windowOf } from '../graph/window.ts';

/** Up to this many entries, one matrix over all spatial axes is cheaper than one for each axis. */
const smallMatrix = 1 << 15;

/** The identity matrix. Its size may be known only at run time. */
function identity(b: Ops, like: string, size: number | string): string {
  const shape = b.shapeVector([size, size]);
  return b.emit('EyeLike', [b.filled(shape, 0, like)], {});
}

/**
 * The input gradient of a linear operator that treats its spatial axes independently (pools, Resize). Applying such an
 * operator to the identity gives its matrix, so its rules for padding, rounding and divisors need not be implemented a
 * second time.
 *
 * @param run - applies the operator to [n, 1, sizes…], over the given spatial axes
 * @param g - the gradient of the output, [N, C, outputs…]
 * @returns the gradient of the input, [N, C, inputs…]
 */
export function adjoint(
  b: Ops,
  x: string,
  g: string,
  run: (input: string, axes: readonly number[]) => string,
): string {
  const sizes: readonly Dim[] = b.shape(x).slice(2);
  const outputs: readonly Dim[] = b.shape(g).slice(2);
  const all = sizes.map((_, i) => i);
  if (isStatic(sizes) && isStatic(outputs)) {
    const inner = sizes.reduce((n, size) => n * size, 1);
    const outer = outputs.reduce((n, size) => n * size, 1);
    if (inner * outer <= smallMatrix) {
      const probes = b.reshape(identity(b, x, inner), [inner, 1, ...sizes]);
      const matrix = b.reshape(run(probes, all), [inner, outer]);
      const flat = b.matmul(b.reshape(g, [0, 0, outer]), b.transpose(matrix, [1, 0]));
      return b.reshapeLike(flat, x);
    }
  }
  let gradient = g;
  for (const axis of [...all].reverse()) {
    const size = sizes[axis];
    const length = typeof size === 'number' ? size : b.sizeAt(x, axis + 2);
    const probes = b.unsqueeze(identity(b, x, length), [1]);
    const matrix = b.squeeze(run(probes, [axis]), [1]);
    gradient = alongAxis(b, gradient, matrix, axis + 2);
  }
  return b.reshapeLike(gradient, x);
}

/** Multiplies axis `axis` of `a` by a matrix [to, from]. */
function alongAxis(b: Ops, a: string, matrix: string, axis: number): string {
  const rank = b.rank(a);
  if (axis === rank - 1) return b.matmul(a, b.transpose(matrix, [1, 0]));
  if (axis === rank - 2) return b.matmul(matrix, a);
  const perm = Array.from({ length: rank }, (_, i) => i);
  [perm[axis], perm[rank - 1]] = [rank - 1, axis];
  return b.transpose(b.matmul(b.transpose(a, perm), b.transpose(matrix, [1, 0])), perm);
}

/** A pool over some of a node's spatial axes. */
function runPool(
  { b, node }: GradientContext,
  op: string,
  attributes: Record<string, number>,
): (input: string, axes: readonly number[]) => string {
  const kernel = ints(node, 'kernel_shape') ?? [];
  const { strides, dilations } = windowOf(node, b, kernel);
  const pads = ints(node, 'pads') ?? Array(2 * kernel.length).fill(0);
  const dilated = dilations.some((dilation) => dilation !== 1);
  return (input, axes) => {
    const pick = (list: readonly number[]): number[] => axes.map((axis) => list[axis] as number);
    return b.emit(op, [input], {
      kernel_shape: pick(kernel),
      strides: pick(strides),
      // The operator itself resolves automatic padding.
      ...(isSame(node)
        ? { auto_pad: text(node, 'auto_pad', '') }
        : { pads: [...pick(pads.slice(0, kernel.length)), ...pick(pads.slice(kernel.length))] }),
      ceil_mode: int(node, 'ceil_mode', 0),
      dilations: dilated ? pick(dilations) : undefined,
      ...attributes,
    });
  };
}

/** The input gradient of AveragePool. */
export function averageBack(c: GradientContext, g: string): string {
  const include = int(c.node, 'count_include_pad', 0);
  return adjoint(c.b, c.x(0), g, runPool(c, 'AveragePool', { count_include_pad: include }));
}

/** The input gradient of a sum over windows: spreads each window's value over its elements. */
export function windowSumBack(c: GradientContext, g: string): string {
  return adjoint(c.b, c.x(0), g, runPool(c, 'LpPool', { p: 1 }));
}

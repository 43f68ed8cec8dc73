import { type ConvForm, convFormOf, spatialAxes } from '../../graph/convForm.ts';
import { always, type Row } from '../row.ts';
import { padded } from './padded.ts';
import { product } from './sizes.ts';

/** The largest supported kernel, because each of its elements becomes a Slice. */
const maxKernelElements = 4096;

/** All positions in a kernel, with the last axis running fastest. */
function positions(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>(
    (list, size) => list.flatMap((head) => Array.from({ length: size }, (_, i) => [...head, i])),
    [[]],
  );
}

/** Whether the kernel has one element and stride 1, so that the input needs no im2col. */
function pointwise({ window }: ConvForm): boolean {
  return [...window.kernel, ...window.strides].every((n) => n === 1);
}

/**
 * This form is im2col and one batched matrix product. For each kernel position, it slices the part of the padded input
 * that this position reads. It stacks these parts to [N, g, k…·C/g, positions], multiplies them by the output's
 * gradient [N, g, M/g, positions] and sums over the batch.
 */
export const byPositions: Row = {
  operator: 'clr:ConvWeightGrad',
  form: 'by positions',
  where: 'everywhere',
  because: 'the fallback: works on every target, for kernels of up to 4096 elements',
  applies: always,
  races: () => false,
  write: (node, b) => {
    const [x, w, g] = node.input as [string, string, string];
    const form = convFormOf(node);
    const { window, group, axes } = form;
    const { kernel, strides, dilations } = window;
    const [outputs, perGroup] = b.shape(w) as [number, number];
    const whole = padded(b, x, form);
    const counts = b.shape(g).slice(2);
    const fixed = counts.every((count) => typeof count === 'number');

    const places = product(kernel);
    if (places > maxKernelElements)
      throw new Error(`a kernel of ${places} elements, more than ${maxKernelElements}`);
    const parts = positions(kernel).map((position) => {
      if (whole === x && pointwise(form)) return b.reshape(whole, [0, group, 1, perGroup, -1]);
      const starts = position.map((at, i) => at * (dilations[i] as number));
      const ends = fixed
        ? b.ints(starts.map((start, i) => start + ((counts[i] as number) - 1) * (strides[i] as number) + 1))
        : b.add(
            b.mul(b.sub(b.emit('Shape', [g], { start: 2 }), b.ints(starts.map(() => 1))), b.ints(strides)),
            b.ints(starts.map((start) => start + 1)),
          );
      const part = b.slice(whole, starts, ends, spatialAxes(axes), strides);
      return b.reshape(part, [0, group, 1, perGroup, -1]);
    });
    const columns = b.reshape(b.concat(parts, 2), [0, group, parts.length * perGroup, -1]);
    const gradient = b.reshape(g, [0, group, outputs / group, -1]);
    const summed = b.reduceSum(b.matmul(gradient, b.transpose(columns, [0, 1, 3, 2])), [0]);
    const stacked = b.reshape(summed, [outputs, parts.length, perGroup]);
    return [b.reshape(b.transpose(stacked, [0, 2, 1]), [outputs, perGroup, ...kernel])];
  },
};

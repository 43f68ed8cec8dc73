import type { Builder } from '../graph/builder.ts';
import type { ConvForm } from './conv.ts';
import { convWeightByConv } from './convWeightConv.ts';

/** Every position of a kernel, the last axis running fastest. */
function positions(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>(
    (list, size) => list.flatMap((head) => Array.from({ length: size }, (_, i) => [...head, i])),
    [[]],
  );
}

/** A kernel of one element at stride 1 meets the input as it is. */
function pointwise({ window }: ConvForm): boolean {
  return [...window.kernel, ...window.strides].every((n) => n === 1);
}

/** The padded input; the input itself without padding. */
function padded(b: Builder, x: string, { pads, axes }: ConvForm): string {
  if (pads.every((pad) => pad === 0)) return x;
  const [before, after] = [pads.slice(0, axes), pads.slice(axes)];
  return b.emit('Pad', [x, b.ints([0, 0, ...before, 0, 0, ...after])]);
}

/**
 * The gradient of a convolution's weight [M, C/g, k…], as im2col and one batched product:
 * for each kernel position the part of the padded input it met, stacked to [N, g, k…·C/g, places],
 * times the output's gradient [N, g, M/g, places], summed over the batch.
 *
 * @param input - what the convolution reads
 * @param grad - the gradient of what it writes
 */
export function convWeightGradient(
  b: Builder,
  weight: string,
  input: string,
  grad: string,
  form: ConvForm,
): string {
  const { window, group, axes } = form;
  const { kernel, strides, dilations } = window;
  const [outputs, perGroup] = b.shape(weight) as [number, number];
  const byConv = convWeightByConv(b, weight, input, grad, form);
  if (byConv !== undefined) return byConv;
  const whole = padded(b, input, form);
  const spatial = Array.from({ length: axes }, (_, i) => i + 2);
  const counts = b.shape(grad).slice(2);
  const fixed = counts.every((count) => typeof count === 'number');

  const parts = positions(kernel).map((position) => {
    if (whole === input && pointwise(form)) return b.reshape(whole, [0, group, 1, perGroup, -1]);
    const starts = position.map((at, i) => at * (dilations[i] as number));
    const ends = fixed
      ? b.ints(starts.map((start, i) => start + ((counts[i] as number) - 1) * (strides[i] as number) + 1))
      : b.add(
          b.mul(b.sub(b.emit('Shape', [grad], { start: 2 }), b.ints(starts.map(() => 1))), b.ints(strides)),
          b.ints(starts.map((start) => start + 1)),
        );
    const part = b.slice(whole, starts, ends, spatial, strides);
    return b.reshape(part, [0, group, 1, perGroup, -1]);
  });
  const columns = b.reshape(b.concat(parts, 2), [0, group, parts.length * perGroup, -1]);
  const gradient = b.reshape(grad, [0, group, outputs / group, -1]);
  const product = b.matmul(gradient, b.transpose(columns, [0, 1, 3, 2]));
  const summed = b.reduceSum(product, [0]);
  const stacked = b.reshape(summed, [outputs, parts.length, perGroup]);
  return b.reshape(b.transpose(stacked, [0, 2, 1]), [outputs, perGroup, ...kernel]);
}

import type { Dim } from '../graph/dim.ts';
import type { Ops } from '../graph/ops.ts';
import { isStatic } from '../graph/value.ts';
import type { ConvForm } from './convForm.ts';
import { convWeightByConv } from './convWeightConv.ts';
import { convWeightInBlocks } from './convWeightInBlocks.ts';
import { separateWeightInBlocks } from './separateWeightInBlocks.ts';

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
function padded(b: Ops, x: string, { pads, axes }: ConvForm): string {
  if (pads.every((pad) => pad === 0)) return x;
  const [before, after] = [pads.slice(0, axes), pads.slice(axes)];
  return b.emit('Pad', [x, b.ints([0, 0, ...before, 0, 0, ...after])]);
}

/**
 * The parts of a padded input [N, C, H, W] that a kernel's positions meet, [N, kW·C·kH, H'·W']: the columns are
 * laid side by side by Slice, the rows picked by Gather, which copies whole rows and runs on all threads.
 */
function columnsOf(b: Ops, whole: string, { window }: ConvForm, channels: number, to: number[]): string {
  const [kH, kW] = window.kernel as [number, number];
  const [down, across] = window.strides as [number, number];
  const [spread, apart] = window.dilations as [number, number];
  const [height, width] = to as [number, number];
  const parts = Array.from({ length: kW }, (_, i) =>
    b.slice(whole, [i * apart], [i * apart + (width - 1) * across + 1], [3], [across]),
  );
  const rows = Array.from(
    { length: kH * height },
    (_, i) => Math.floor(i / height) * spread + (i % height) * down,
  );
  const picked = b.emit('Gather', [b.concat(parts, 1), b.ints(rows)], { axis: 2 });
  return b.reshape(picked, [-1, kW * channels * kH, height * width]);
}

/** The rows are listed in the file: an image of more would make it longer than its weights. */
const mostRows = 1 << 16;

/** A vector of a machine's registers: a product with fewer columns leaves some of it empty. */
const lanes = 16;

/**
 * The weight gradient in two dimensions by im2col with few channels. Measured against one Slice for each position
 * with 2 threads: 0.5 ms for 0.7 (64 images of 28×28, 1 channel, 5×5), 5.5 for 8.5 (100 of 32×32, 3 channels, 5×5).
 *
 * @returns `undefined` where it does not apply
 */
function byRows(b: Ops, weight: string, input: string, grad: string, form: ConvForm): string | undefined {
  const { window, group, axes } = form;
  const dims = b.dims(weight);
  const to: readonly Dim[] = b.shape(grad).slice(2);
  const positions = window.kernel.reduce((count, size) => count * size, 1);
  if (axes !== 2 || group !== 1 || positions === 1 || !isStatic(dims) || !isStatic(to)) return undefined;
  const [outputs, channels, kH, kW] = dims as [number, number, number, number];
  if (kH * (to[0] as number) > mostRows) return undefined;
  const columns = columnsOf(b, padded(b, input, form), form, channels, [...to]);
  const gradient = b.reshape(grad, [0, outputs, -1]);
  if (outputs < lanes) {
    const sum = b.reduceSum(b.matmul(gradient, b.transposeLast(columns)), [0]);
    return b.transpose(b.reshape(sum, [outputs, kW, channels, kH]), [0, 2, 3, 1]);
  }
  const sum = b.reduceSum(b.matmul(columns, b.transposeLast(gradient)), [0]);
  return b.transpose(b.reshape(sum, [kW, channels, kH, outputs]), [3, 1, 2, 0]);
}

/** Each place of a kernel is a Slice. */
const mostPlaces = 4096;

/**
 * The gradient of a convolution's weight [M, C/g, k…], as im2col and one batched product:
 * for each kernel position the part of the padded input it met, stacked to [N, g, k…·C/g, places],
 * times the output's gradient [N, g, M/g, places], summed over the batch.
 *
 * @param input - what the convolution reads
 * @param grad - the gradient of what it writes
 */
export function convWeightGradient(
  b: Ops,
  weight: string,
  input: string,
  grad: string,
  form: ConvForm,
): string {
  const { window, group, axes } = form;
  const { kernel, strides, dilations } = window;
  const [outputs, perGroup] = b.shape(weight) as [number, number];
  const faster =
    convWeightInBlocks(b, weight, input, grad, form) ??
    separateWeightInBlocks(b, weight, input, grad, form) ??
    convWeightByConv(b, weight, input, grad, form) ??
    byRows(b, weight, input, grad, form);
  if (faster !== undefined) return faster;
  const whole = padded(b, input, form);
  const spatial = Array.from({ length: axes }, (_, i) => i + 2);
  const counts = b.shape(grad).slice(2);
  const fixed = counts.every((count) => typeof count === 'number');

  const places = kernel.reduce((count, size) => count * size, 1);
  if (places > mostPlaces) throw new Error(`a kernel of ${places} places, more than ${mostPlaces}`);
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

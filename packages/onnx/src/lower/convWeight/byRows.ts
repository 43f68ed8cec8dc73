import { type ConvForm, convFormOf } from '../../graph/convForm.ts';
import { inputOf } from '../../graph/infer.ts';
import type { Ops } from '../../graph/ops.ts';
import { isStatic } from '../../graph/value.ts';
import type { Row } from '../row.ts';
import { padded } from './padded.ts';
import { product } from './sizes.ts';

/**
 * The largest number of rows. The model lists them, and for larger images the list would be longer than the weights.
 */
const maxRows = 1 << 16;

/**
 * With more channels, this form is not measured, because it takes too much memory: that of the input times the number
 * of kernel elements.
 */
const fewChannels = 8;

/**
 * The number of floats in a vector register. A matrix product with fewer columns leaves a part of the register empty.
 */
const lanes = 16;

/**
 * The parts of a padded input [N, C, H, W] that the kernel's positions read, as [N, kW·C·kH, H'·W']. Slice puts the
 * columns side by side, and Gather picks the rows. Gather copies whole rows and runs on all threads.
 */
function columnsOf(
  b: Ops,
  whole: string,
  { window }: ConvForm,
  channels: number,
  to: readonly number[],
): string {
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

interface Found {
  readonly form: ConvForm;
  readonly weight: readonly number[];
  readonly to: readonly number[];
}

/** im2col in two dimensions. It copies row by row. */
export const byRows: Row<Found> = {
  operator: 'clr:ConvWeightGrad',
  form: 'by rows',
  where: 'everywhere',
  because:
    'against one Slice for each position, 2 threads: 0.5 ms instead of 0.7 ms (64 images of 28×28, 1 channel, 5×5 kernel), 5.5 ms instead of 8.5 ms (100 images of 32×32, 3 channels, 5×5 kernel)',
  applies: (node, graph) => {
    const form = convFormOf(node);
    const [weight, to] = [graph.dims(inputOf(node, 1)), graph.shape(inputOf(node, 2)).slice(2)];
    if (form.axes !== 2 || form.group !== 1 || !isStatic(weight) || !isStatic(to)) return undefined;
    const [kH] = form.window.kernel as [number, number];
    const fits = product(form.window.kernel) > 1 && kH * (to[0] as number) <= maxRows;
    return fits ? { form, weight, to } : undefined;
  },
  races: ({ weight }) => (weight[1] as number) <= fewChannels,
  write: (node, b, { form, weight, to }) => {
    const [x, , g] = node.input as [string, string, string];
    const [outputs, channels, kH, kW] = weight as [number, number, number, number];
    const columns = columnsOf(b, padded(b, x, form), form, channels, to);
    const gradient = b.reshape(g, [0, outputs, -1]);
    if (outputs < lanes) {
      const sum = b.reduceSum(b.matmul(gradient, b.transposeLast(columns)), [0]);
      return [b.transpose(b.reshape(sum, [outputs, kW, channels, kH]), [0, 2, 3, 1])];
    }
    const sum = b.reduceSum(b.matmul(columns, b.transposeLast(gradient)), [0]);
    return [b.transpose(b.reshape(sum, [kW, channels, kH, outputs]), [3, 1, 2, 0])];
  },
};

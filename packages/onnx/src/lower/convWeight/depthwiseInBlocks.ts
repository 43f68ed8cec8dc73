import { DataType } from '../../format/dataType.ts';
import { inputOf } from '../../graph/infer.ts';
import type { Ops } from '../../graph/ops.ts';
import { emitBlocked, inBlocks } from '../blocks.ts';
import type { Row } from '../row.ts';
import { type Sizes, sizesOf } from './sizes.ts';

/** [N, C, H, W] in NCHWc, spatially padded, with the examples stacked vertically: [1, C, N·H, W]. */
function stacked(
  b: Ops,
  input: string,
  block: number,
  channels: number,
  [height, width]: readonly [number, number],
  [top, left, bottom, right]: readonly [number, number, number, number],
): string {
  const blocks = b.reshape(inBlocks(b, input, block), [-1, channels / block, height, width * block]);
  const pads = [0, 0, top, left * block, 0, 0, bottom, right * block];
  const padded = pads.every((pad) => pad === 0) ? blocks : b.emit('Pad', [blocks, b.ints(pads)]);
  const [rows, columns] = [top + height + bottom, left + width + right];
  const outermost = b.transpose(b.reshape(padded, [0, 0, rows * columns * block]), [1, 0, 2]);
  return b.reshape(outermost, [1, channels, -1, columns]);
}

/**
 * The weight gradient [C, 1, kH, kW] of a depthwise convolution, computed as a depthwise convolution in NCHWc layout.
 * The examples are stacked vertically. The output's gradient, with rows of zeros between its examples, is the kernel.
 */
export const depthwiseInBlocks: Row<Sizes & { readonly block: number }> = {
  operator: 'clr:ConvWeightGrad',
  form: 'depthwise, in blocks',
  where: 'blocks',
  because:
    'with the forward pass, 2 threads, blocks of 8: 1.7 ms instead of 9.3 ms (64 images, 64 channels of 8×8, 3×3 kernel), 2.0 ms instead of 8.3 ms (32 channels of 16×16, stride 2)',
  applies: (node, graph, { channelBlock: block }) => {
    const sizes = sizesOf(node, graph);
    if (!sizes || graph.type(inputOf(node, 1)).type !== DataType.FLOAT) return undefined;
    const { form, weight } = sizes;
    const [channels, perGroup] = weight as [number, number];
    const depthwise = form.axes === 2 && perGroup === 1 && form.group === channels;
    return depthwise && channels % block === 0 ? { ...sizes, block } : undefined;
  },
  write: (node, b, { form: { window, pads }, weight, from, to, block }) => {
    const [x, , g] = node.input as [string, string, string];
    const [channels, , kH, kW] = weight as [number, number, number, number];
    const [height, width] = from as [number, number];
    const [rows, columns] = to as [number, number];
    const [down, across] = window.strides as [number, number];
    const [top, left, bottom, right] = pads as [number, number, number, number];
    // Both stacks use the same number of rows for each example, counted in strides.
    const pitch = Math.ceil((top + height + bottom) / down);
    const below = pitch * down - top - height;
    const data = stacked(b, x, block, channels, [height, width], [top, left, below, right]);
    const kernels = stacked(b, g, block, channels, [rows, columns], [0, 0, pitch - rows, 0]);
    const reach = (kH - 1) * (window.dilations[0] as number);
    const found = emitBlocked(
      b,
      'Conv',
      [data, b.reshape(kernels, [channels, 1, -1, columns])],
      { group: channels, dilations: [down, across], strides: window.dilations, pads: [0, 0, reach, 0] },
      undefined,
    );
    const plain = emitBlocked(b, 'ReorderOutput', [found], { channels }, undefined);
    return [b.reshape(b.slice(plain, [0, 0], [kH, kW], [2, 3]), [channels, 1, kH, kW])];
  },
};

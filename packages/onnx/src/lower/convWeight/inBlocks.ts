import { DataType } from '../../format/dataType.ts';
import { seenPads } from '../../graph/convForm.ts';
import { inputOf } from '../../graph/infer.ts';
import type { Ops } from '../../graph/ops.ts';
import { emitBlocked, inBlocks as reorder } from '../blocks.ts';
import type { Row } from '../row.ts';
import { product, type Sizes, sizesOf } from './sizes.ts';

/**
 * The largest number of output positions. With more, a group of filters (examples × positions each) no longer fits into
 * the cache.
 */
const maxPlaces = 1024;

/** ONNX Runtime accepts only multiples of 4 channels. It pads the last block with zeros. */
const channelsAtOnce = 4;

/** Pads the batch with zeros to whole blocks, unless its size is known to be a multiple of 4. */
function wholeBatch(b: Ops, input: string, block: number): string {
  const [examples] = b.shape(input);
  if (typeof examples === 'number' && examples % channelsAtOnce === 0) return input;
  const rest = b.memo(`rest of ${examples}`, () => {
    const missing = b.emit('Mod', [b.neg(b.sizeAt(input, 0)), b.ints([block])]);
    return b.concat([b.ints([0, 0, 0, 0]), missing, b.ints([0, 0, 0])], 0);
  });
  return b.emit('Pad', [input, rest]);
}

/** Converts [N, C, H, W] to NCHWc with the examples in the place of the channels: [N/block, C, H, W·block]. */
function examplesInBlocks(
  b: Ops,
  input: string,
  block: number,
  [channels, height, width]: readonly number[],
): string {
  const [c, h, w] = [channels, height, width] as [number, number, number];
  const one = reorder(b, b.reshape(wholeBatch(b, input, block), [1, -1, c * h, w]), block);
  return b.reshape(one, [-1, c, h, w * block]);
}

/**
 * The weight gradient as one convolution in NCHWc. The examples are its channels. Its kernels are made from the
 * output's gradient [N, M, H', W'], one kernel for each of the M outputs, dilated by the stride. No separate
 * transposition is needed, because the conversion to NCHWc transposes. For the kernels, the conversion is applied
 * twice.
 */
export const inBlocks: Row<Sizes & { readonly block: number }> = {
  operator: 'clr:ConvWeightGrad',
  form: 'in blocks',
  where: 'blocks',
  because:
    'against the form by convolution, 2 threads, blocks of 8: 13.6 ms instead of 18.6 ms (100 images, 32 channels of 16×16, 5×5 kernel), 3.6 ms instead of 4.8 ms (64 images, 32 channels of 16×16, 3×3 kernel), 0.9 ms instead of 1.3 ms (64 images, 8 channels of 16×16, 3×3 kernel), 0.6 ms instead of 1.0 ms (3 channels); slower for channels of 56×56: 92 ms instead of 84 ms',
  applies: (node, graph, { channelBlock: block }) => {
    const sizes = sizesOf(node, graph);
    if (!sizes || graph.type(inputOf(node, 1)).type !== DataType.FLOAT) return undefined;
    const { form, weight } = sizes;
    const fits = form.group === 1 && form.axes === 2 && (weight[0] as number) % block === 0;
    return fits && product(form.window.kernel) > 1 ? { ...sizes, block } : undefined;
  },
  prefers: ({ to }) => product(to) <= maxPlaces,
  write: (node, b, { form, weight, from, to, block }) => {
    const [x, , g] = node.input as [string, string, string];
    const { window } = form;
    const pads = seenPads(form, from, to);
    const [outputs, channels, kH, kW] = weight as [number, number, number, number];
    const [height, width] = to as [number, number];
    // The kernels start as [N/block, M, H', W'·block]. Then the outputs are blocked too, and become the outermost axis.
    const twice = reorder(b, examplesInBlocks(b, g, block, [outputs, height, width]), block);
    const apart = (): string => b.reshape(twice, [-1, outputs / block, height * width * block * block]);
    const outermost = outputs === block ? twice : b.transpose(apart(), [1, 0, 2]);
    const kernels = b.reshape(outermost, [outputs, -1, height, width]);

    const [top, left, bottom, right] = pads as [number, number, number, number];
    const data = b.transpose(examplesInBlocks(b, x, block, [channels, ...from]), [1, 0, 2, 3]);
    const padded = pads.every((pad) => pad === 0)
      ? data
      : b.emit('Pad', [data, b.ints([0, 0, top, left * block, 0, 0, bottom, right * block])]);
    const [rows, columns] = [(from[0] as number) + top + bottom, (from[1] as number) + left + right];
    const shape = [channels, outputs, kH, kW];
    const found = emitBlocked(
      b,
      'Conv',
      [b.reshape(padded, [channels, -1, rows, columns]), kernels],
      { kernel_shape: [height, width], dilations: window.strides, strides: window.dilations },
      shape,
    );
    const plain = emitBlocked(b, 'ReorderOutput', [found], { channels: outputs }, shape);
    return [b.transpose(plain, [1, 0, 2, 3])];
  },
};

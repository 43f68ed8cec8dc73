import { DataType } from '../format/dataType.ts';
import type { Ops } from '../graph/ops.ts';
import { isStatic } from '../graph/value.ts';
import { emitBlocked, inBlocks } from '../lower/blocked.ts';
import { type ConvForm, reachesEnd } from './convForm.ts';

/** Beyond this many places a group of filters, examples × places of each, falls out of the cache. */
const mostPlaces = 1024;

/** The runtime takes channels by fours and fills the last block up with zeros. */
const channelsAtOnce = 4;

/** The batch filled up with zeros to whole blocks, where it might not be a multiple of 4. */
function wholeBatch(b: Ops, input: string): string {
  const [examples] = b.shape(input);
  if (typeof examples === 'number' && examples % channelsAtOnce === 0) return input;
  const block = b.ints([b.channelBlock]);
  const rest = b.memo(`rest of ${examples}`, () => {
    const missing = b.emit('Mod', [b.neg(b.sizeAt(input, 0)), block]);
    return b.concat([b.ints([0, 0, 0, 0]), missing, b.ints([0, 0, 0])], 0);
  });
  return b.emit('Pad', [input, rest]);
}

/** [N, C, H, W] with the examples in blocks, as if they were channels: [N/block, C, H, W·block]. */
function examplesInBlocks(b: Ops, input: string, [channels, height, width]: readonly number[]): string {
  const [c, h, w] = [channels, height, width] as [number, number, number];
  const one = inBlocks(b, b.reshape(wholeBatch(b, input), [1, -1, c * h, w]));
  return b.reshape(one, [-1, c, h, w * b.channelBlock]);
}

/**
 * The weight gradient as one convolution on blocks: the examples are its channels and the output's gradient
 * [N, M, H', W'] its kernels, one for each of the M outputs, stretched by the stride. Neither is transposed element
 * by element: what puts channels in blocks does it, twice for the kernels.
 *
 * Measured against convWeightByConv with 2 threads on blocks of 8: 13.6 ms for 18.6 (100 images, 32 channels of
 * 16×16, 5×5), 3.6 for 4.8 (64, 32 of 16×16, 3×3), 0.9 for 1.3 (64, 8 of 16×16, 3×3), 0.6 for 1.0 (3 channels);
 * 92 for 84 at 56×56.
 *
 * @returns `undefined` where it does not apply or is slower
 */
export function convWeightInBlocks(
  b: Ops,
  weight: string,
  input: string,
  grad: string,
  form: ConvForm,
): string | undefined {
  const { window, pads, group, axes } = form;
  const { channelBlock: block } = b;
  const [dims, sizes, places] = [b.dims(weight), b.dims(input)?.slice(2), b.dims(grad)?.slice(2)];
  if (block === 1 || group !== 1 || axes !== 2 || b.type(weight).type !== DataType.FLOAT) return undefined;
  if (!isStatic(dims) || !isStatic(sizes) || !isStatic(places)) return undefined;
  const [outputs, channels, kH, kW] = dims as [number, number, number, number];
  const [height, width] = places as [number, number];
  if (outputs % block !== 0 || kH * kW === 1 || height * width > mostPlaces) return undefined;

  // The kernels: [N/block, M, H', W'·block], then the outputs in blocks too, and those outermost.
  const twice = inBlocks(b, examplesInBlocks(b, grad, [outputs, height, width]));
  const apart = (): string => b.reshape(twice, [-1, outputs / block, height * width * block * block]);
  const outermost = outputs === block ? twice : b.transpose(apart(), [1, 0, 2]);
  const kernels = b.reshape(outermost, [outputs, -1, height, width]);

  const [top, left, bottom, right] = pads as [number, number, number, number];
  const data = b.transpose(examplesInBlocks(b, input, [channels, ...sizes]), [1, 0, 2, 3]);
  const padded = pads.every((pad) => pad === 0)
    ? data
    : b.emit('Pad', [data, b.ints([0, 0, top, left * block, 0, 0, bottom, right * block])]);
  const [rows, columns] = [(sizes[0] as number) + top + bottom, (sizes[1] as number) + left + right];
  const exact = reachesEnd(form, sizes, places);
  const shape = exact ? [channels, outputs, kH, kW] : undefined;
  const found = emitBlocked(
    b,
    'Conv',
    [b.reshape(padded, [channels, -1, rows, columns]), kernels],
    { kernel_shape: [height, width], dilations: window.strides, strides: window.dilations },
    shape,
  );
  const plain = emitBlocked(b, 'ReorderOutput', [found], { channels: outputs }, shape);
  return b.transpose(exact ? plain : b.slice(plain, [0, 0], [kH, kW], [2, 3]), [1, 0, 2, 3]);
}

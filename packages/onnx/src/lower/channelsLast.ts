import type { Dim } from '../graph/dim.ts';
import { inputOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';
import { always, type Row } from './row.ts';

/**
 * Up to this many channels, a Transpose followed by a product with the identity matrix is faster than the Transpose
 * alone: the runtime fuses the two, and the product reads its transposed operand directly.
 */
const maxByProduct = 16;

const transposed = (b: Ops, x: string): string =>
  b.transpose(b.reshape(x, [0, b.shape(x)[1] as number, -1]), [0, 2, 1]);

const byProduct: Row<number> = {
  operator: 'clr:ChannelsLast',
  form: 'by a product',
  where: 'cpu',
  because: 'faster than Transpose for up to 16 channels; exact where products by 0 and 1 are exact',
  applies: (node, graph) => {
    const channels: Dim | undefined = graph.dims(inputOf(node, 0))?.[1];
    return typeof channels === 'number' && channels <= maxByProduct ? channels : undefined;
  },
  write: (node, b, channels) => {
    const x = inputOf(node, 0);
    const identity = Array.from({ length: channels ** 2 }, (_, i) => (i % (channels + 1) === 0 ? 1 : 0));
    return [b.matmul(transposed(b, x), b.literal(b.type(x).type, [channels, channels], identity))];
  },
};

const byTranspose: Row = {
  operator: 'clr:ChannelsLast',
  form: 'by Transpose',
  where: 'everywhere',
  because: 'the fallback: works for every node and on every target',
  applies: always,
  write: (node, b) => [transposed(b, inputOf(node, 0))],
};

/** [N, C, …] as [N, positions, C]. */
export const channelsLast: readonly Row[] = [byProduct, byTranspose];

import { DataType } from '../format/dataType.ts';
import { type Dims, mapDim } from '../graph/dim.ts';
import type { Attributes } from '../graph/graph.ts';
import type { Ops } from '../graph/ops.ts';

/** ONNX Runtime's own operators on channels in blocks (NCHWc): its CPU provider has them, on processors with wide registers. */
export const blockedDomain = 'com.microsoft.nchwc';

/**
 * Emits one of them.
 *
 * @param dims - the result's shape, as far as known
 */
export function emitBlocked(
  b: Ops,
  op: 'Conv' | 'ReorderOutput',
  inputs: readonly string[],
  attributes: Attributes,
  dims: Dims,
): string {
  return b.declare(b.emit(`${blockedDomain}:${op}`, inputs, attributes), DataType.FLOAT, dims);
}

/** Puts the channels of [N, C, H, W] in blocks, the last one filled up with zeros; C must be a multiple of 4. */
export function inBlocks(b: Ops, input: string, block: number): string {
  const filled = (channels: number): number => Math.ceil(channels / block) * block;
  const dims = b.dims(input)?.map((dim, axis) => (axis === 1 ? mapDim(dim, `blocks${block}`, filled) : dim));
  return b.declare(b.emit(`${blockedDomain}:ReorderInput`, [input]), DataType.FLOAT, dims);
}

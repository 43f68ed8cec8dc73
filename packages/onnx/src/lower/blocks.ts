import { DataType } from '../format/dataType.ts';
import { type Dims, mapDim } from '../graph/dim.ts';
import type { Attributes } from '../graph/graph.ts';
import type { Ops } from '../graph/ops.ts';

/**
 * The domain of ONNX Runtime's NCHWc operators, which work on blocks of channels. Its CPU provider has them on
 * processors with wide vector registers.
 */
export const blockedDomain = 'com.microsoft.nchwc';

/**
 * Emits an NCHWc operator.
 *
 * @param dims - the result's shape, if known
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

/** Converts [N, C, H, W] to NCHWc. The last block is filled up with zeros. C must be a multiple of 4. */
export function inBlocks(b: Ops, input: string, block: number): string {
  const filled = (channels: number): number => Math.ceil(channels / block) * block;
  const dims = b.dims(input)?.map((dim, axis) => (axis === 1 ? mapDim(dim, `blocks${block}`, filled) : dim));
  return b.declare(b.emit(`${blockedDomain}:ReorderInput`, [input]), DataType.FLOAT, dims);
}

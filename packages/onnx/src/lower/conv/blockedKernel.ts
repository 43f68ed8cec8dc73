import { DataType } from '../../format/dataType.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Ops } from '../../graph/ops.ts';
import { isStatic } from '../../graph/value.ts';
import { inBlocks } from '../blocks.ts';
import type { Target } from '../target.ts';

/**
 * The sizes of a kernel [first, second, height, width]: [outputs, inputs/group, …] of a convolution, or [inputs,
 * outputs/group, …] of a transposed one.
 */
export interface BlockedKernel {
  readonly block: number;
  readonly first: number;
  readonly second: number;
  readonly height: number;
  readonly width: number;
  /** Whether the convolution is depthwise. */
  readonly depthwise: boolean;
}

/**
 * The sizes of a kernel that a convolution, or its input gradient, can use in NCHWc layout. The result is `undefined`
 * if the channels do not fill whole blocks, if the kernel is 1×1, or if its type or its shape is not supported.
 */
export function blockedKernel(
  graph: Graph,
  weight: string,
  group: number,
  { channelBlock: block }: Target,
): BlockedKernel | undefined {
  const dims = graph.dims(weight);
  if (dims?.length !== 4 || !isStatic(dims) || graph.type(weight).type !== DataType.FLOAT) return undefined;
  const [first, second, height, width] = dims as [number, number, number, number];
  const depthwise = second === 1 && group === first;
  const fits = first % block === 0 && (depthwise || (group === 1 && second % block === 0));
  return fits && height * width > 1 ? { block, first, second, height, width, depthwise } : undefined;
}

/** [M, C, kH, kW] → [M/block, C/block, kH, kW, block of C, block of M]. This is done by two conversions to NCHWc. */
export function forwardKernel(
  b: Ops,
  weight: string,
  { block, first, second, height, width, depthwise }: BlockedKernel,
): string {
  const inputs = depthwise ? weight : inBlocks(b, weight, block);
  const both = inBlocks(b, b.reshape(inputs, [1, first, second * height, width]), block);
  return b.reshape(both, [first, second, height, width]);
}

/** [C, M, kH, kW] → [M/block, C/block, kH, kW, block of C, block of M], with each spatial axis reversed. */
export function reversedKernel(
  b: Ops,
  weight: string,
  { block, first, second, height, width, depthwise }: BlockedKernel,
): string {
  const inputs = inBlocks(b, b.reshape(weight, [1, first, second * height, width]), block);
  const both = depthwise
    ? inputs
    : inBlocks(b, b.reshape(inputs, [first / block, second, height, width * block]), block);
  const outer = depthwise ? [first / block, 1] : [first / block, second / block];
  const reversed = b.slice(
    b.reshape(both, [...outer, height, width, -1]),
    [-1, -1],
    [-(2 ** 31), -(2 ** 31)],
    [2, 3],
    [-1, -1],
  );
  const turned = outer.includes(1) ? reversed : b.transpose(reversed, [1, 0, 2, 3, 4]);
  return b.reshape(turned, depthwise ? [first, 1, height, width] : [second, first, height, width]);
}

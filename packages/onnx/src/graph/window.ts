import { ints, makeAttribute, text } from '../format/attributes.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { addDim, type Dim, mapDim } from './dim.ts';
import type { Graph } from './graph.ts';
import { inputOf } from './infer.ts';

/** A sliding window of a convolution or pool over its spatial axes. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding before and after each axis. It is `undefined` if SAME padding depends on a size that is not known yet. */
  readonly before: readonly (number | undefined)[];
  readonly after: readonly (number | undefined)[];
}

/** The extent of a dilated kernel. */
export const extent = (kernel: number, dilation: number): number => (kernel - 1) * dilation + 1;

/** Whether a node uses SAME padding, which depends on the input's size. */
export const isSame = (node: NodeProto): boolean => text(node, 'auto_pad', 'NOTSET').startsWith('SAME');

/**
 * Splits SAME padding as ONNX Runtime does: an odd element goes to the end of the axis for SAME_UPPER, and to its start
 * otherwise.
 */
export function splitPadding(
  node: NodeProto,
  totals: readonly (number | undefined)[],
): Pick<Window, 'before' | 'after'> {
  const upper = text(node, 'auto_pad', 'NOTSET') === 'SAME_UPPER';
  const before = totals.map((total) => total && Math.trunc((upper ? total : total + 1) / 2) + 0);
  return { before, after: totals.map((total, i) => total && total - (before[i] as number)) };
}

/**
 * Reads a window from a node's attributes. Automatic padding is resolved as in ONNX Runtime: the SAME padding of a pool
 * ignores dilation, and is negative if the stride is longer than the kernel and the last window ends before the input
 * does.
 */
export function windowOf(node: NodeProto, b: Graph, kernel: readonly number[]): Window {
  const rank = kernel.length;
  const strides = ints(node, 'strides') ?? Array(rank).fill(1);
  const dilations = ints(node, 'dilations') ?? Array(rank).fill(1);
  if (!isSame(node)) {
    const valid = text(node, 'auto_pad', 'NOTSET') === 'VALID';
    const list = (valid ? undefined : ints(node, 'pads')) ?? Array(2 * rank).fill(0);
    return { kernel, strides, dilations, before: list.slice(0, rank), after: list.slice(rank) };
  }
  const pools = node.opType.includes('Pool');
  const dims = b.dims(inputOf(node, 0));
  const total = kernel.map((k, i) => {
    const [size, stride] = [dims?.[i + 2], strides[i] as number];
    const span = pools ? k : extent(k, dilations[i] as number);
    if (stride === 1) return span - 1;
    if (typeof size !== 'number') return undefined;
    return Math.max(pools ? -Infinity : 0, (Math.ceil(size / stride) - 1) * stride + span - size);
  });
  return { kernel, strides, dilations, ...splitPadding(node, total) };
}

/** The number of window positions along spatial axis `i`. */
export function places(window: Window, i: number, size: Dim, ceil = false): Dim {
  const [before, after] = [window.before[i], window.after[i]];
  const [kernel, stride] = [window.kernel[i] as number, window.strides[i] as number];
  const span = extent(kernel, window.dilations[i] as number);
  // ONNX Runtime uses integer division, which rounds towards 0.
  const rounded = (n: number): number => (ceil ? Math.ceil(n) : Math.trunc(n)) + 0;
  if (before === undefined || after === undefined) {
    const name = span === kernel ? `same${stride}` : `same${stride}d${span - kernel}${ceil ? 'c' : ''}`;
    return mapDim(size, name, (n) => rounded(Math.ceil(n / stride) - 1 + (kernel - span) / stride) + 1);
  }
  const room = addDim(size, before + after - span);
  if (stride === 1) return addDim(room, 1);
  return mapDim(room, `places${stride}${ceil ? `c${after - span}` : ''}`, (free) => {
    const count = rounded(free / stride) + 1;
    // A last window that would start in the padding after the input is dropped, as in PyTorch.
    const inputEnd = free + span - after;
    return ceil && (count - 1) * stride >= inputEnd ? count - 1 : count;
  });
}

/** The padding as ONNX's attribute `pads`, or `undefined` if it is not known yet. */
export function padsOf(window: Window): number[] | undefined {
  const pads = [...window.before, ...window.after];
  return pads.every((pad) => pad !== undefined) ? (pads as number[]) : undefined;
}

/**
 * Replaces SAME and VALID by explicit padding, because ONNX's shape inference reads them differently from ONNX Runtime.
 * The node stays unchanged if the padding is unknown or negative.
 */
export function writePads(node: NodeProto, pads: readonly number[] | undefined): void {
  if (!pads || pads.some((pad) => pad < 0)) return;
  node.attribute = node.attribute.filter(({ name }) => name !== 'auto_pad' && name !== 'pads');
  node.attribute.push(makeAttribute('pads', pads));
}

/**
 * The lowest float32. A padding of this value never wins a maximum. The value is finite, so that 0 times the value is
 * 0.
 */
export const lowest = -3.4028234663852886e38;

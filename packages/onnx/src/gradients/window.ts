import type { NodeProto } from '../generated/onnx_pb.ts';
import { ints, text } from '../graph/attributes.ts';
import { addDim, type Dim, mapDim } from '../graph/dim.ts';
import type { GraphBuilder } from '../graph/graphBuilder.ts';
import { inputOf } from '../graph/infer.ts';

/** How a convolution or pool slides over its spatial axes. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding before and after each axis; `undefined` where SAME padding depends on a size not known yet. */
  readonly before: readonly (number | undefined)[];
  readonly after: readonly (number | undefined)[];
}

/** The extent of a dilated kernel. */
export const extent = (kernel: number, dilation: number): number => (kernel - 1) * dilation + 1;

/** Reads a window from a node's attributes, automatic padding resolved. */
export function windowOf(node: NodeProto, b: GraphBuilder, kernel: readonly number[]): Window {
  const rank = kernel.length;
  const strides = ints(node, 'strides') ?? Array(rank).fill(1);
  const dilations = ints(node, 'dilations') ?? Array(rank).fill(1);
  const auto = text(node, 'auto_pad', 'NOTSET');
  const pads = auto === 'NOTSET' || auto === '' ? (ints(node, 'pads') ?? Array(2 * rank).fill(0)) : undefined;
  if (pads || auto === 'VALID') {
    const list = pads ?? Array(2 * rank).fill(0);
    return { kernel, strides, dilations, before: list.slice(0, rank), after: list.slice(rank) };
  }
  const dims = b.dims(inputOf(node, 0));
  const total = kernel.map((k, i) => {
    const size = dims?.[i + 2];
    const stride = strides[i] as number;
    if (stride === 1) return extent(k, dilations[i] as number) - 1;
    if (typeof size !== 'number') return undefined;
    return Math.max(0, (Math.ceil(size / stride) - 1) * stride + extent(k, dilations[i] as number) - size);
  });
  const small = total.map((pad) => pad && Math.floor(pad / 2));
  const large = total.map((pad) => pad && Math.ceil(pad / 2));
  const upper = auto === 'SAME_UPPER';
  return { kernel, strides, dilations, before: upper ? small : large, after: upper ? large : small };
}

/** How many places a window takes along spatial axis `i`. */
export function places(window: Window, i: number, size: Dim, ceil = false): Dim {
  const [before, after] = [window.before[i], window.after[i]];
  const stride = window.strides[i] as number;
  if (before === undefined || after === undefined)
    return mapDim(size, `same${stride}`, (n) => Math.ceil(n / stride));
  const span = extent(window.kernel[i] as number, window.dilations[i] as number);
  const room = addDim(size, before + after - span);
  if (stride === 1) return addDim(room, 1);
  return mapDim(room, `places${stride}${ceil ? 'c' : ''}`, (free) => {
    if (!ceil) return Math.floor(free / stride) + 1;
    const count = Math.ceil(free / stride) + 1;
    // A last window that would start in the padding after the input is dropped, as in PyTorch.
    return typeof size === 'number' && (count - 1) * stride >= size + before ? count - 1 : count;
  });
}

/** Padding as ONNX's attribute, or `undefined` while it is not known. */
export function padsOf(window: Window): number[] | undefined {
  const pads = [...window.before, ...window.after];
  return pads.every((pad) => pad !== undefined) ? (pads as number[]) : undefined;
}

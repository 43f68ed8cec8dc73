import { int, ints } from '../format/attributes.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import type { Attributes } from './graph.ts';
import { extent, type Window } from './window.ts';

/** A convolution's geometry, with every size known. */
export interface ConvForm {
  readonly window: Window;
  readonly pads: readonly number[];
  readonly group: number;
  /** The number of spatial axes. */
  readonly axes: number;
}

/** The geometry as attributes of `clr:ConvInputGrad` and `clr:ConvWeightGrad`. */
export function attributesOf({ window, pads, group }: ConvForm): Attributes {
  const { kernel, strides, dilations } = window;
  return { kernel_shape: kernel, strides, dilations, pads, group };
}

/** Reads the geometry that {@link attributesOf} wrote into a node. */
export function convFormOf(node: NodeProto): ConvForm {
  const list = (name: string): readonly number[] => ints(node, name) ?? [];
  const [kernel, pads] = [list('kernel_shape'), list('pads')];
  const axes = kernel.length;
  const [before, after] = [pads.slice(0, axes), pads.slice(axes)];
  const window = { kernel, strides: list('strides'), dilations: list('dilations'), before, after };
  return { window, pads, group: int(node, 'group', 1), axes };
}

/** All axes after the batch and channel axes. */
export const spatialAxes = (axes: number): number[] => Array.from({ length: axes }, (_, i) => i + 2);

/**
 * Padding with which the last window ends exactly at the end of the padded input, along every axis. It is negative if
 * the windows leave the end of the input uncovered. With this padding, a convolution of the input with the output's
 * gradient has exactly one result for each element of the kernel.
 *
 * @param sizes - the spatial sizes of the input
 * @param places - the spatial sizes of the output
 */
export function seenPads(
  { window, pads, axes }: ConvForm,
  sizes: readonly number[],
  places: readonly number[],
): number[] {
  const after = window.kernel.map((length, i) => {
    const seen = ((places[i] as number) - 1) * (window.strides[i] as number);
    const reach = seen + extent(length, window.dilations[i] as number);
    return reach - (sizes[i] as number) - (pads[i] as number);
  });
  return [...pads.slice(0, axes), ...after];
}

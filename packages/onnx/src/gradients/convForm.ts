import { extent, type Window } from './window.ts';

/** A convolution's geometry, all of it known. */
export interface ConvForm {
  readonly window: Window;
  readonly pads: readonly number[];
  readonly group: number;
  /** The number of spatial axes. */
  readonly axes: number;
}

/**
 * Whether the last window reaches the end of the padded input along every axis. Where it does not, a convolution
 * with the output's gradient has more results than the kernel has elements.
 *
 * @param sizes - the input's spatial sizes
 * @param places - the output's
 */
export function reachesEnd(
  { window, pads, axes }: ConvForm,
  sizes: readonly number[],
  places: readonly number[],
): boolean {
  return window.kernel.every((length, i) => {
    const [stride, dilation] = [window.strides[i] as number, window.dilations[i] as number];
    const whole = (sizes[i] as number) + (pads[i] as number) + (pads[i + axes] as number);
    const beyond = whole - ((places[i] as number) - 1) * stride - extent(length, dilation);
    return beyond < dilation;
  });
}

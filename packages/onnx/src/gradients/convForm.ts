import type { Window } from './window.ts';

/** A convolution's geometry, all of it known. */
export interface ConvForm {
  readonly window: Window;
  readonly pads: readonly number[];
  readonly group: number;
  /** The number of spatial axes. */
  readonly axes: number;
}

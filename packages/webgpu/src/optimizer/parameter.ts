/** One tensor to train: its weights and its gradient, both `array<f32>` in storage buffers. */
export interface Parameter {
  /** The buffer with the weights, as float32. */
  readonly value: GPUBuffer;
  /** The buffer with their gradients, as float32. */
  readonly gradient: GPUBuffer;
  /** The number of elements. */
  readonly length: number;
  /** Its offset in `value`, in numbers. Default 0. */
  readonly valueOffset?: number;
  /** Its offset in `gradient`, in numbers. Default 0. */
  readonly gradientOffset?: number;
  /** Its name in snapshots. Default: `parameters[i]`, by its index in the list. */
  readonly name?: string;
  /** The sizes of its axes, whose product is `length`. A snapshot of other sizes is refused. Default: `[length]`. */
  readonly dims?: readonly number[];
}

/** One tensor to train: its weights and where its gradient appears, both `array<f32>` in storage buffers. */
export interface Parameter {
  readonly value: GPUBuffer;
  readonly gradient: GPUBuffer;
  /** How many numbers. */
  readonly length: number;
  /** Where it starts in `value`, in numbers. Default 0. */
  readonly valueOffset?: number;
  /** Where it starts in `gradient`, in numbers. Default 0. */
  readonly gradientOffset?: number;
  /** The name by which a snapshot finds it. Default: `parameters[i]`, its place in the list. */
  readonly name?: string;
  /** What `length` is the product of; a snapshot of another shape is refused. Default: `[length]`. */
  readonly shape?: readonly number[];
}

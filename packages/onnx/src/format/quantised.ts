/** A weight stored as integers, with functions to read and write it. */
export interface Quantised {
  /** The name of the stored tensor, and of the weight. */
  readonly name: string;
  /** The weight's shape. Packed integers are stored in another shape. */
  readonly dims: readonly number[];
  /** The type of the stored integers. */
  readonly type: number;
  /** weight = (integer − zero) · scale, with one scale and one zero for each group of elements. */
  readonly scale: Float32Array;
  /** The integer that represents 0, for each group. */
  readonly zero: Float32Array;
  /** The smallest and the largest integer. */
  readonly range: readonly [number, number];
  /** The axis along which each index has its own scale. Absent if groups are blocks, or if there is only one group. */
  readonly axis?: number | undefined;
  /** The group of the element with this row-major index. */
  group(element: number): number;
  /** The size of the stored tensor in bytes. */
  readonly bytes: number;
  /** The weight in float32. */
  decode(): Float32Array;
  /** Encodes new values: rounds to the nearest integer, ties to even, and clips to `range`. */
  encode(values: ArrayLike<number>): Uint8Array;
}

/** Whether all groups have the same value. */
export const sameInAll = (values: Float32Array): boolean => values.every((value) => value === values[0]);

/** Rounds to the nearest integer, ties to even, as ONNX's QuantizeLinear does. */
function rounded(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
}

/** Quantises a weight's values. The arithmetic in float32 matches `roundedMaster` to the last bit. */
export function quantise(
  { scale, zero, group, range: [least, most] }: Pick<Quantised, 'scale' | 'zero' | 'group' | 'range'>,
  values: ArrayLike<number>,
): Int32Array {
  return Int32Array.from({ length: values.length }, (_, i) => {
    const at = group(i);
    const steps = rounded(Math.fround((values[i] as number) / (scale[at] as number))) + (zero[at] as number);
    return Math.min(Math.max(steps, least), most);
  });
}

/** The float values that integers represent. */
export function dequantise(
  { scale, zero, group }: Pick<Quantised, 'scale' | 'zero' | 'group'>,
  integers: ArrayLike<number>,
  length: number,
): Float32Array {
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const at = group(i);
    values[i] = ((integers[i] as number) - (zero[at] as number)) * (scale[at] as number);
  }
  return values;
}

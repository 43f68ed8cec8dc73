/** Integers of a file that stand for a weight, and how to write the weight back. */
export interface Quantised {
  /** The stored tensor's name, which is the weight's too. */
  readonly name: string;
  /** The weight's shape; that of packed integers differs. */
  readonly dims: readonly number[];
  /** The type of the stored integers. */
  readonly type: number;
  /** weight = (integer − zero) · scale: one pair for each group of elements. */
  readonly scale: Float32Array;
  /** The integer that stands for 0, for each group. */
  readonly zero: Float32Array;
  /** The smallest and the largest integer. */
  readonly range: readonly [number, number];
  /** The axis along which each index is a group of its own; absent where groups are blocks, or one. */
  readonly axis?: number | undefined;
  /** The group of each element, row-major. */
  group(element: number): number;
  /** Bytes of the stored tensor. */
  readonly bytes: number;
  /** The weight in float32. */
  decode(): Float32Array;
  /** The stored bytes of other values: rounded to the nearest, ties to even, and held in the type's range. */
  encode(values: ArrayLike<number>): Uint8Array;
}

/** Whether all groups have one value. */
export const sameInAll = (values: Float32Array): boolean => values.every((value) => value === values[0]);

/** To the nearest integer, ties to the even one, as ONNX's QuantizeLinear. */
function rounded(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
}

/** The integers of a weight's values: to the last bit what `roundedMaster` computes in float32. */
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

/** The values that integers stand for. */
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

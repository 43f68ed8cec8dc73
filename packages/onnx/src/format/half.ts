import { DataType } from './dataType.ts';

/** One float32 and its bits. */
const float = new Float32Array(1);
const bits32 = new Uint32Array(float.buffer);

/** Decodes a float16 from its bits. */
function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Rounds a float32 to the nearest float16, ties to even. */
function toFloat16(value: number): number {
  float[0] = value;
  const sign = ((bits32[0] as number) >>> 16) & 0x8000;
  const size = Math.abs(float[0] as number);
  if (Number.isNaN(size)) return sign | 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  // Count in units of the last bit. A carry out of the fraction increments the exponent, which is correct.
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 1)));
  const steps = size / 2 ** (exponent - 10);
  const whole = Math.floor(steps);
  const rest = steps - whole;
  const rounded = rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole;
  return sign | (rounded < 1024 ? rounded : ((exponent + 14) << 10) + rounded);
}

function toBfloat16(value: number): number {
  float[0] = value;
  const bits = bits32[0] as number;
  if (Number.isNaN(float[0])) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Whether a type is a 16-bit float. */
export function isHalf(type: number): boolean {
  return type === DataType.FLOAT16 || type === DataType.BFLOAT16;
}

/** A table of all 65,536 float16 values as float32, made on first use. */
let float16: Float32Array | undefined;

/** Converts 16-bit floats to float32 without loss. */
export function widen(bits: ArrayLike<number>, type: number): Float32Array {
  const { length } = bits;
  const values = new Float32Array(length);
  if (type === DataType.BFLOAT16) {
    const wide = new Uint32Array(values.buffer);
    for (let i = 0; i < length; i++) wide[i] = (bits[i] as number) << 16;
    return values;
  }
  float16 ??= Float32Array.from({ length: 1 << 16 }, (_, i) => fromFloat16(i));
  for (let i = 0; i < length; i++) values[i] = float16[(bits[i] as number) & 0xffff] as number;
  return values;
}

/** Rounds floats to the nearest 16-bit float, ties to even. Values beyond the largest 16-bit float become infinity. */
export function narrow(values: ArrayLike<number>, type: number): Uint16Array {
  return Uint16Array.from(values, type === DataType.BFLOAT16 ? toBfloat16 : toFloat16);
}

import { DataType } from './dataType.ts';

/** One float32, and the same as its bits. */
const float = new Float32Array(1);
const bits32 = new Uint32Array(float.buffer);

/** The number that 16 bits of IEEE 754 stand for. */
function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The nearest of 16 bits to a float32; to the even one of two that are as near. */
function toFloat16(value: number): number {
  float[0] = value;
  const sign = ((bits32[0] as number) >>> 16) & 0x8000;
  const size = Math.abs(float[0] as number);
  if (Number.isNaN(size)) return sign | 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  // In steps of what the last bit stands for; a carry runs over into the exponent as it should.
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

/** Whether a type is one of floats of 16 bits. */
export function isHalf(type: number): boolean {
  return type === DataType.FLOAT16 || type === DataType.BFLOAT16;
}

/** The float32 of each of the 65,536 float16; made when the first one is read. */
let float16: Float32Array | undefined;

/** Floats of 16 bits as float32: exactly. */
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

/** Floats rounded to 16 bits: to the nearest, ties to even, beyond the largest to infinity. */
export function narrow(values: ArrayLike<number>, type: number): Uint16Array {
  return Uint16Array.from(values, type === DataType.BFLOAT16 ? toBfloat16 : toFloat16);
}

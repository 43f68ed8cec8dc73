import type { ByteSource } from '../byteSource.ts';
import { fail } from '../errors.ts';

/** The supported element types. */
export type Dtype = 'f2' | 'bf2' | 'f4' | 'f8' | 'i1' | 'i2' | 'i4' | 'i8' | 'u1' | 'u2' | 'u4' | 'u8' | 'b1';

/** An array in a file: uncompressed numbers in row-major order. */
export interface RawArray {
  /** Its name in the file, or the file's name. */
  readonly name: string;
  /** The type of a stored number, such as `f4` for float32. */
  readonly dtype: Dtype;
  /** The sizes of its axes. */
  readonly dims: readonly number[];
  /** True if the high byte of a number comes first. */
  readonly bigEndian?: boolean;
  /** The file that holds its bytes. */
  readonly source: ByteSource;
  /** The offset of its first element. */
  readonly offset: number;
}

/** The number of bytes of an element. */
export const widthOf = (dtype: Dtype): number => (dtype === 'bf2' ? 2 : Number(dtype.slice(1)));

export const sizeOf = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);

/** Checks that the file contains the whole array. */
export function checkWhole(array: RawArray): RawArray {
  const end = array.offset + sizeOf(array.dims) * widthOf(array.dtype);
  if (end <= array.source.size) return array;
  throw fail(
    `the whole array "${array.name}" of shape [${array.dims.join(', ')}]`,
    `a file that ends ${end - array.source.size} bytes too early`,
    'Copy or write the file again.',
  );
}

function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const widened = new DataView(new ArrayBuffer(4));

/** Reads one element. 64-bit integers are rounded to float64. */
const readers: Readonly<Record<Dtype, (view: DataView, at: number, little: boolean) => number>> = {
  f2: (view, at, little) => halfToNumber(view.getUint16(at, little)),
  bf2: (view, at, little) => {
    widened.setUint32(0, view.getUint16(at, little) << 16);
    return widened.getFloat32(0);
  },
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
  i1: (view, at) => view.getInt8(at),
  i2: (view, at, little) => view.getInt16(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
  u1: (view, at) => view.getUint8(at),
  u2: (view, at, little) => view.getUint16(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
  b1: (view, at) => view.getUint8(at),
};

/** Reads rows of an array into an array that `make` creates. */
export async function readRows<T extends Float32Array | Float64Array>(
  { dtype, dims, bigEndian = false, source, offset }: RawArray,
  rows: ArrayLike<number>,
  make: (length: number) => T,
): Promise<T> {
  const size = sizeOf(dims.slice(1));
  const bytes = size * widthOf(dtype);
  const values = make(rows.length * size);
  const read = readers[dtype];
  for (let row = 0; row < rows.length; ) {
    // Consecutive rows are read together.
    let run = 1;
    while (
      row + run < rows.length &&
      rows[row + run] === (rows[row] as number) + run &&
      (run + 1) * bytes < 2 ** 24
    )
      run++;
    const begin = offset + (rows[row] as number) * bytes;
    const part = await source.read(begin, begin + run * bytes);
    const to = row * size;
    if (dtype === 'f4' && !bigEndian && values instanceof Float32Array) {
      new Uint8Array(values.buffer, values.byteOffset + 4 * to, run * bytes).set(part);
    } else if (dtype === 'u1' || dtype === 'b1') {
      values.set(part, to);
    } else {
      const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
      const width = widthOf(dtype);
      for (let i = 0; i < run * size; i++) values[to + i] = read(view, i * width, !bigEndian);
    }
    row += run;
  }
  return values;
}

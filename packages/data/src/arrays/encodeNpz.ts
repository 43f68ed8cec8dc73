import { zipSync } from 'fflate';

/** An array to write. */
export interface NpzArray {
  /** The sizes of its axes. */
  readonly dims: readonly number[];
  /** Its numbers in row-major order. */
  readonly data: Float32Array | BigInt64Array;
}

/**
 * Writes arrays as a .npz file like `np.savez`. `np.load` reads it.
 *
 * @example
 * ```ts
 * const file = encodeNpz({ x: { dims: [1, 2], data: Float32Array.of(1, 2) } });
 * const [x] = await openArrays(bytesSource(file), 'x.npz');
 * x.dims; // [1, 2]
 * ```
 */
export function encodeNpz(arrays: Readonly<Record<string, NpzArray>>): Uint8Array {
  const files = Object.entries(arrays).map(([name, array]): [string, Uint8Array] => [
    `${name}.npy`,
    npyOf(array),
  ]);
  // Equal arrays give equal files, because the date is fixed. Dates in zip files start in 1980.
  return zipSync(Object.fromEntries(files), { level: 0, mtime: new Date(1980, 0, 1) });
}

function npyOf({ dims, data }: NpzArray): Uint8Array {
  const descr = data instanceof Float32Array ? '<f4' : '<i8';
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(', ');
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`;
  const start = Math.ceil((10 + header.length + 1) / 64) * 64;
  const bytes = new Uint8Array(start + data.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, (start - 10) & 255, (start - 10) >> 8]);
  bytes.set(new TextEncoder().encode(`${header.padEnd(start - 11)}\n`), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return bytes;
}

import type { ByteSource } from '../byteSource.ts';
import { fail } from '../errors.ts';
import { checkWhole, type Dtype, type RawArray } from './rawArray.ts';

const dtypes: readonly Dtype[] = ['f2', 'f4', 'f8', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'b1'];

/**
 * The array in a .npy file at `offset` of a source: versions 1, 2 and 3, either byte order.
 *
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export async function readNpy(source: ByteSource, name: string, offset = 0): Promise<RawArray> {
  const start = await source.read(offset, Math.min(source.size, offset + 12));
  const magic = String.fromCharCode(...start.subarray(1, 6));
  if (start[0] !== 0x93 || magic !== 'NUMPY' || start.length < 12) {
    throw fail(`a .npy array in "${name}"`, 'bytes without its header', 'Save it with np.save.');
  }
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const long = (start[6] as number) > 1;
  const length = long ? view.getUint32(8, true) : view.getUint16(8, true);
  const data = offset + (long ? 12 : 10) + length;
  const header = new TextDecoder().decode(await source.read(data - length, data));
  const descr = /'descr': *'([<>|=]?)(\w+)'/.exec(header);
  const order = /'fortran_order': *(True|False)/.exec(header)?.[1];
  const shape = /'shape': *\(([^)]*)\)/.exec(header)?.[1];
  const dtype = dtypes.find((type) => type === descr?.[2]);
  if (!dtype || order === undefined || shape === undefined) {
    throw fail(
      `numbers in "${name}"`,
      `elements of type ${descr?.[0] ?? header.slice(0, 60)}`,
      'Save plain numbers: array.astype("float32").',
    );
  }
  const dims = shape
    .split(',')
    .filter((dim) => dim.trim() !== '')
    .map(Number);
  if (order === 'True' && dims.filter((dim) => dim !== 1).length > 1) {
    throw fail(
      `"${name}" stored row by row`,
      'an array in Fortran order, column by column',
      'Save np.ascontiguousarray(array).',
    );
  }
  return checkWhole({ name, dtype, dims, bigEndian: descr?.[1] === '>', source, offset: data });
}

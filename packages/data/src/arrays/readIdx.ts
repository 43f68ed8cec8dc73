import type { ByteSource } from '../byteSource.ts';
import { fail } from '../errors.ts';
import { checkWhole, type Dtype, type RawArray } from './rawArray.ts';

const dtypes: Readonly<Record<number, Dtype>> = { 8: 'u1', 9: 'i1', 11: 'i2', 12: 'i4', 13: 'f4', 14: 'f8' };

/** The array in an IDX file, the format of MNIST: two zeros, the type, the number of axes, their sizes, the data. */
export async function readIdx(source: ByteSource, name: string): Promise<RawArray> {
  const [zero0, zero1, type = 0, rank = 0] = await source.read(0, Math.min(4, source.size));
  const dtype = dtypes[type];
  if (zero0 !== 0 || zero1 !== 0 || !dtype || rank === 0 || source.size < 4 + 4 * rank) {
    throw fail(
      `an IDX array in ${name}`,
      'a file with another header',
      'Unpack the file first (gunzip) if it is compressed.',
    );
  }
  const header = await source.read(4, 4 + 4 * rank);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const dims = Array.from({ length: rank }, (_, axis) => view.getUint32(4 * axis));
  return checkWhole({ name, dtype, dims, bigEndian: true, source, offset: 4 + 4 * rank });
}

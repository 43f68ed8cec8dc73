import type { ByteSource } from '../byteSource.ts';
import { fail, listed } from '../errors.ts';
import { checkWhole, type Dtype, type RawArray } from './rawArray.ts';

const dtypes: Readonly<Record<string, Dtype>> = {
  F16: 'f2',
  BF16: 'bf2',
  F32: 'f4',
  F64: 'f8',
  I8: 'i1',
  I16: 'i2',
  I32: 'i4',
  I64: 'i8',
  U8: 'u1',
  U16: 'u2',
  U32: 'u4',
  U64: 'u8',
  BOOL: 'b1',
};

/** The tensors of a .safetensors file, which holds the header's length, the header as JSON, and the data. */
export async function readSafetensors(source: ByteSource): Promise<RawArray[]> {
  const start = await source.read(0, 8);
  const length = Number(new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true));
  let header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
  try {
    header = JSON.parse(new TextDecoder().decode(await source.read(8, 8 + length)));
  } catch (cause) {
    throw fail('a safetensors file', 'a header that is not JSON', 'Write the file again.', { cause });
  }
  return Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, { dtype: stored, shape, data_offsets: offsets }]) => {
      const dtype = dtypes[stored];
      if (!dtype) {
        throw fail(
          `tensors of type ${listed(Object.keys(dtypes), 20)}`,
          `"${name}" of type ${stored}`,
          'Convert it first.',
        );
      }
      return checkWhole({ name, dtype, dims: shape, source, offset: 8 + length + offsets[0] });
    });
}

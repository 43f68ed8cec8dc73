import { damaged, fail, inWords } from '../errors.ts';
import { limits } from '../limits.ts';
import { type Dtype, dtypeOf, dtypes, type TensorArray } from './dtypes.ts';

/** A named tensor of the file. */
export interface NamedArray {
  readonly name: string;
  readonly array: TensorArray;
}

interface Entry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const prefix = 8;

/**
 * Writes a safetensors file: the header's length (uint64), the header (JSON), and the bytes of the tensors in order. It
 * copies the data, so the arrays may change afterwards.
 *
 * @see https://github.com/huggingface/safetensors#format
 */
export function pack(arrays: readonly NamedArray[], metadata: Readonly<Record<string, string>>): Uint8Array {
  let offset = 0;
  // Tensors with wide elements come first, so that every tensor is aligned to its element size.
  const placed = arrays
    .map((item, index) => ({ ...item, index }))
    .sort((a, b) => b.array.BYTES_PER_ELEMENT - a.array.BYTES_PER_ELEMENT || a.index - b.index)
    .map(({ name, array }) => {
      const begin = offset;
      offset += array.byteLength;
      const entry: Entry = {
        dtype: dtypeOf(array) as Dtype,
        shape: [array.length],
        data_offsets: [begin, offset],
      };
      return { name, array, entry };
    });
  const header = headerBytes(metadata, placed);
  if (header.length > limits.header) {
    throw fail(
      `a header of at most ${limits.header} bytes (tensor names, and snapshot and extra as JSON)`,
      `${header.length} bytes`,
      'Keep large data in typed arrays of the snapshot, or beside the checkpoint.',
    );
  }
  const file = new Uint8Array(prefix + header.length + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, prefix);
  const data = prefix + header.length;
  for (const { array, entry } of placed) {
    file.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), data + entry.data_offsets[0]);
  }
  return file;
}

/** The header exactly as this package writes it, padded with spaces so that the data begin at a multiple of 8. */
function headerBytes(
  metadata: Readonly<Record<string, string>>,
  tensors: readonly { readonly name: string; readonly entry: Entry }[],
): Uint8Array {
  const json = JSON.stringify({
    __metadata__: metadata,
    ...Object.fromEntries(tensors.map(({ name, entry }) => [name, entry])),
  });
  const bytes = new TextEncoder().encode(json);
  return new TextEncoder().encode(json + ' '.repeat((8 - ((prefix + bytes.length) % 8)) % 8));
}

/**
 * Reads a file that {@link pack} wrote. Lengths, types, offsets and names are checked: tensors must follow each other
 * from the first byte to the last, and the header must be exactly as `pack` writes it.
 */
export function unpack(file: Uint8Array): {
  arrays: ReadonlyMap<string, TensorArray>;
  metadata: Readonly<Record<string, string>>;
} {
  if (file.length < prefix) throw damaged(`${file.length} bytes`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(Math.min(limits.header, file.length - prefix))) {
    throw damaged(`a header of ${length} bytes in a file of ${file.length}`);
  }
  const data = prefix + Number(length);
  const { __metadata__: metadata, ...entries } = parseHeader(file.subarray(prefix, data));
  const tensors = Object.entries(entries).map(([name, entry]) => ({ name, entry: checkEntry(name, entry) }));
  if (!isTextRecord(metadata)) throw damaged('a header without metadata');
  const again = headerBytes(metadata, tensors);
  if (again.length !== Number(length) || again.some((byte, i) => byte !== file[prefix + i])) {
    throw damaged('a header that differs from what this package writes');
  }
  let size = 0;
  for (const { name, entry } of tensors) {
    const [begin, end] = entry.data_offsets;
    if (begin !== size) throw damaged(`a tensor ${name} that does not begin at the end of the previous one`);
    size = end;
  }
  if (data + size !== file.length) {
    throw damaged(`${file.length - data} bytes of data, and tensors of ${size}`);
  }
  const arrays = tensors.map(({ name, entry: { dtype, data_offsets } }): [string, TensorArray] => {
    const [begin, end] = data_offsets;
    // A copy, because the file's bytes may have any alignment.
    return [name, new dtypes[dtype](new Uint8Array(file.subarray(data + begin, data + end)).buffer)];
  });
  return { arrays: new Map(arrays), metadata };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof header === 'object' && header !== null && !Array.isArray(header)) {
      return header as Record<string, unknown>;
    }
  } catch {
    // reported below, like any other invalid header
  }
  throw damaged('a header that is not a JSON object');
}

function checkEntry(name: string, entry: unknown): Entry {
  const { dtype, shape, data_offsets: offsets, ...others } = (entry ?? {}) as Partial<Entry>;
  const counts = (list: unknown, length: number): list is number[] =>
    Array.isArray(list) && list.length === length && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypes, dtype)) {
    throw damaged(`a tensor ${name} of type ${inWords(dtype)}`);
  }
  if (Object.keys(others).length > 0) throw damaged(`a tensor ${name} with unknown fields`);
  if (!counts(shape, 1) || !counts(offsets, 2)) throw damaged(`a tensor ${name} without shape or offsets`);
  const width = dtypes[dtype as Dtype].BYTES_PER_ELEMENT;
  if ((shape[0] as number) * width !== (offsets[1] as number) - (offsets[0] as number)) {
    throw damaged(`a tensor ${name} whose offsets do not fit its shape`);
  }
  return entry as Entry;
}

function isTextRecord(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((text) => typeof text === 'string')
  );
}

import { fail } from '../errors.ts';
import { show } from '../show.ts';
import { checkBytes } from './checkBytes.ts';
import { DataType } from './dataType.ts';
import { narrow, widen } from './half.ts';

/** A tensor of a safetensors file, row-major. */
export interface NamedTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** The types that can be read. All are converted to float32. */
const types: Readonly<Record<string, number>> = {
  F32: DataType.FLOAT,
  F64: DataType.DOUBLE,
  F16: DataType.FLOAT16,
  BF16: DataType.BFLOAT16,
};
const widths: Readonly<Record<string, number>> = { F32: 4, F64: 8, F16: 2, BF16: 2 };

const prefix = 8;
/** The longest header that the reference reader accepts. */
const longestHeader = 100_000_000;

/**
 * Writes tensors as a safetensors file: the header's length (uint64), the header (JSON), the elements.
 *
 * @see https://github.com/huggingface/safetensors#format
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, NamedTensor>,
  metadata: Readonly<Record<string, string>> = {},
  dtype: 'F32' | 'F16' | 'BF16' = 'F32',
): Uint8Array {
  let offset = 0;
  const entries = [...tensors].map(([name, { dims, data }]) => {
    const begin = offset;
    offset += data.length * (widths[dtype] as number);
    return [name, { dtype, shape: [...dims], data_offsets: [begin, offset] }] as const;
  });
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  const text = new TextEncoder().encode(json);
  // Spaces pad the header so that the elements are aligned.
  const length = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(prefix + length + offset).fill(0x20, prefix, prefix + length);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(text, prefix);
  let at = prefix + length;
  for (const { data } of tensors.values()) {
    const own = dtype === 'F32' ? data : narrow(data, types[dtype] as number);
    file.set(new Uint8Array(own.buffer, own.byteOffset, own.byteLength), at);
    at += own.byteLength;
  }
  return file;
}

function damaged(received: string): Error {
  return fail(
    'the bytes of a safetensors file',
    received,
    'The file is truncated or of another kind; export or download it again.',
  );
}

const isCounts = (list: unknown): list is number[] =>
  Array.isArray(list) && list.every((size) => Number.isSafeInteger(size) && size >= 0);

/**
 * Reads the float tensors of a safetensors file as float32.
 *
 * @throws {ClrError} if the bytes are not a safetensors file, or if a tensor is not of one of these float types
 */
export function readSafetensors(file: Uint8Array): {
  tensors: Map<string, NamedTensor>;
  metadata: Readonly<Record<string, unknown>>;
} {
  checkBytes(file, 'a safetensors file', '.safetensors');
  if (file.length < prefix) throw damaged(`${file.length} bytes`);
  const length = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true);
  if (length > BigInt(Math.min(longestHeader, file.length - prefix))) {
    throw damaged(`a header of ${length} bytes in a file of ${file.length}`);
  }
  const start = prefix + Number(length);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file.subarray(prefix, start)));
  } catch {
    throw damaged('a header that is not JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw damaged('a header that is not a JSON object');
  }
  const { __metadata__: metadata = {}, ...entries } = header as Record<string, Record<string, unknown>>;
  const tensors = new Map<string, NamedTensor>();
  for (const [name, entry] of Object.entries(entries)) {
    const { dtype, shape, data_offsets: offsets } = entry ?? {};
    if (typeof dtype !== 'string' || !Object.hasOwn(types, dtype)) {
      throw fail(
        `tensors of type ${Object.keys(types).join(', ')}`,
        `"${name}" of type ${show(dtype)}`,
        'Convert the tensor to one of these types.',
      );
    }
    if (!isCounts(shape) || !isCounts(offsets) || offsets.length !== 2)
      throw damaged(`"${name}" without a shape`);
    const [begin, end] = offsets as [number, number];
    const size = shape.reduce((product, dim) => product * dim, 1);
    if (end - begin !== size * (widths[dtype] as number) || start + end > file.length) {
      throw damaged(
        `"${name}" of shape [${shape.join(', ')}] in bytes ${begin} to ${end} of ${file.length - start}`,
      );
    }
    // A copy, because the file's bytes may have any alignment.
    const { buffer } = new Uint8Array(file.subarray(start + begin, start + end));
    tensors.set(name, { dims: shape, data: elements(buffer, dtype) });
  }
  return { tensors, metadata };
}

function elements(buffer: ArrayBuffer, dtype: string): Float32Array {
  if (dtype === 'F32') return new Float32Array(buffer);
  if (dtype === 'F64') return Float32Array.from(new Float64Array(buffer));
  return widen(new Uint16Array(buffer), types[dtype] as number);
}

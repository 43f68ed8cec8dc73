import { ClrError } from '@clr/core';

/** The byte array of an IDX file. */
export interface IdxArray {
  readonly dims: readonly number[];
  /** A view of the file's bytes, not a copy. */
  readonly data: Uint8Array;
}

const unsignedByte = 0x08;

/**
 * Reads an IDX file of unsigned bytes: two zero bytes, the element type, the number of dimensions, each
 * dimension as a big-endian uint32, then the elements.
 *
 * @throws {ClrError} if the elements are not unsigned bytes, or the file's length does not match the header
 * @see Yann LeCun, "The MNIST database": the IDX file format
 *
 * @example
 * ```ts
 * parseIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 5, 7)); // { dims: [2], data: Uint8Array [5, 7] }
 * ```
 */
export function parseIdx(bytes: Uint8Array): IdxArray {
  const [zero0, zero1, type, rank = 0] = bytes;
  if (zero0 !== 0 || zero1 !== 0 || type !== unsignedByte || rank === 0) {
    throw broken(
      'an IDX header of unsigned bytes (0, 0, 8, rank)',
      `${bytes.length} bytes: ${bytes.slice(0, 4).join(', ')}`,
    );
  }
  const header = 4 + 4 * rank;
  if (bytes.length < header) throw broken(`a header of ${header} bytes`, `${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dims = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (bytes.length !== header + size) {
    throw broken(`${header + size} bytes for dimensions ${dims.join(' × ')}`, `${bytes.length} bytes`);
  }
  return { dims, data: bytes.subarray(header) };
}

function broken(expected: string, received: string): ClrError {
  return new ClrError('clr/datasets', {
    expected,
    received,
    advice: 'The file is not IDX, is still compressed, or is incomplete. Fetch it again.',
  });
}

/** Bytes that can be read in parts: a file, a Blob, or an array in memory. */
export interface ByteSource {
  /** The number of bytes. */
  readonly size: number;
  /** The bytes from `begin` up to, but not including, `end`, as a new array or a view that is never changed. */
  read(begin: number, end: number): Promise<Uint8Array>;
}

/**
 * Makes a source from bytes in memory.
 *
 * @example
 * ```ts
 * const part = await bytesSource(Uint8Array.of(1, 2, 3)).read(1, 3);
 * [...part]; // [2, 3]
 * ```
 */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: async (begin, end) => bytes.subarray(begin, end) };
}

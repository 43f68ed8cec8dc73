import { type ByteSource, bytesSource } from './byteSource.ts';

/** A store for bytes that are written once, in order, and then read at any position. */
export interface ByteStore {
  /** Appends bytes. */
  append(bytes: Uint8Array): Promise<void>;
  /** Ends the writing, and returns a source of all written bytes. */
  finish(): Promise<ByteSource>;
}

/** A store in memory. */
export async function memoryStore(): Promise<ByteStore> {
  const parts: Uint8Array[] = [];
  return {
    async append(bytes) {
      parts.push(bytes);
    },
    async finish() {
      if (parts.length === 1) return bytesSource(parts[0] as Uint8Array);
      const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const part of parts.splice(0)) {
        all.set(part, at);
        at += part.length;
      }
      return bytesSource(all);
    },
  };
}

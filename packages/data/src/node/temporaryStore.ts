import { randomUUID } from 'node:crypto';
import { unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ByteStore } from '../byteStore.ts';
import { fail } from '../errors.ts';
import { openFile, readRange, writeAll } from './descriptor.ts';

/**
 * A store in a temporary file, for data larger than memory. The file's name is removed after opening, so the file
 * vanishes when the process ends, even if it is killed.
 *
 * @throws {ClrError} if the disk has no room
 *
 * @example
 * ```ts
 * const store = await temporaryStore();
 * await store.append(Uint8Array.of(1, 2));
 * await store.append(Uint8Array.of(3));
 * const source = await store.finish();
 * [source.size, ...(await source.read(1, 3))]; // [3, 2, 3]
 * ```
 */
export async function temporaryStore(): Promise<ByteStore> {
  const path = join(tmpdir(), `clr-${randomUUID()}.tmp`);
  let size = 0;
  const refused = (cause: unknown): Error =>
    fail(
      `room for a temporary file in ${tmpdir()}`,
      (cause as NodeJS.ErrnoException).code ?? String(cause),
      'Free some space there, or set the variable TMPDIR to another folder.',
      { cause },
    );
  try {
    const file = await openFile(path, 'wx+', 0o600);
    await unlink(path);
    return {
      async append(bytes) {
        await writeAll(file, bytes, size).catch((cause) => {
          throw refused(cause);
        });
        size += bytes.length;
      },
      finish: async () => ({ size, read: (begin, end) => readRange(file, path, begin, end) }),
    };
  } catch (cause) {
    throw refused(cause);
  }
}

import { type FileHandle, open } from 'node:fs/promises';
import type { ByteSource } from '../byteSource.ts';
import { fail } from '../errors.ts';

/** A file that is read in parts, and closed at the end. */
export interface FileSource extends ByteSource {
  close(): Promise<void>;
}

/**
 * A file as a source of bytes: nothing is read before it is asked for.
 *
 * @throws {ClrError} if it cannot be opened
 *
 * @example
 * ```ts
 * await writeFile('three.bin', Uint8Array.of(1, 2, 3));
 * const source = await fileSource('three.bin');
 * const part = await source.read(1, 3);
 * await source.close();
 * [source.size, ...part]; // [3, 2, 3]
 * ```
 */
export async function fileSource(path: string): Promise<FileSource> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const status = await file.stat();
    if (!status.isFile()) throw new Error(status.isDirectory() ? 'a folder' : 'not a regular file');
    const handle = file;
    return {
      size: status.size,
      async read(begin, end) {
        const bytes = new Uint8Array(Math.max(0, end - begin));
        for (let at = 0; at < bytes.length; ) {
          const { bytesRead } = await handle.read(
            bytes,
            at,
            Math.min(bytes.length - at, 2 ** 30),
            begin + at,
          );
          if (bytesRead === 0)
            throw fail(
              `${end} bytes in ${path}`,
              'a file that became shorter',
              'Leave it as it is while it is read.',
            );
          at += bytesRead;
        }
        return bytes;
      },
      close: () => handle.close(),
    };
  } catch (cause) {
    await file?.close();
    const { code, message } = cause as NodeJS.ErrnoException;
    throw fail(
      `a readable file ${path}`,
      code === 'ENOENT' ? 'no such file' : (code ?? message),
      'Check the path.',
      { cause },
    );
  }
}

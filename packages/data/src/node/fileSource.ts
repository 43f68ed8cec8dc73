import * as fs from 'node:fs';
import { promisify } from 'node:util';
import type { ByteSource } from '../byteSource.ts';
import { fail } from '../errors.ts';

// Plain descriptors: a handle that nobody closed would be reported when it is collected.
const [open, stat, readAt, close] = [fs.open, fs.fstat, fs.read, fs.close].map((call) =>
  promisify(call as (...args: never[]) => void),
) as unknown as [
  (path: string, flags: string) => Promise<number>,
  (file: number) => Promise<fs.Stats>,
  (
    file: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ) => Promise<{ bytesRead: number }>,
  (file: number) => Promise<void>,
];

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
  let file: number | undefined;
  try {
    file = await open(path, 'r');
    const status = await stat(file);
    if (!status.isFile()) throw new Error(status.isDirectory() ? 'a folder' : 'not a regular file');
    const handle = file;
    return {
      size: status.size,
      async read(begin, end) {
        const bytes = new Uint8Array(Math.max(0, end - begin));
        for (let at = 0; at < bytes.length; ) {
          const { bytesRead } = await readAt(
            handle,
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
      close: () => close(handle),
    };
  } catch (cause) {
    if (file !== undefined) await close(file);
    const { code, message } = cause as NodeJS.ErrnoException;
    throw fail(
      `a readable file ${path}`,
      code === 'ENOENT' ? 'no such file' : (code ?? message),
      'Check the path.',
      { cause },
    );
  }
}

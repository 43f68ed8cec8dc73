import type { ByteSource } from '../byteSource.ts';
import { fail } from '../errors.ts';
import { closeFile, openFile, readRange, statFile } from './descriptor.ts';

/** A file that is read in parts and must be closed. */
export interface FileSource extends ByteSource {
  /** Closes the file. */
  close(): Promise<void>;
}

/**
 * Opens a file as a source of bytes. Bytes are read on demand.
 *
 * @throws {ClrError} if the file cannot be opened
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
    file = await openFile(path, 'r');
    const status = await statFile(file);
    if (!status.isFile()) throw new Error(status.isDirectory() ? 'a folder' : 'not a regular file');
    const opened = file;
    return {
      size: status.size,
      read: (begin, end) => readRange(opened, path, begin, end),
      close: () => closeFile(opened),
    };
  } catch (cause) {
    if (file !== undefined) await closeFile(file);
    const { code, message } = cause as NodeJS.ErrnoException;
    throw fail(
      `a readable file ${path}`,
      code === 'ENOENT' ? 'no such file' : (code ?? message),
      'Check the path.',
      { cause },
    );
  }
}

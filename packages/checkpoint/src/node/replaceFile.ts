import { randomBytes } from 'node:crypto';
import { type FileHandle, lstat, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fail, inWords } from '../errors.ts';
import { dtypeOf } from '../format/dtypes.ts';
import { checkPath } from './checkPath.ts';
import { removeLeftovers, stemOf, writerName } from './leftovers.ts';

const pending = new Map<string, Promise<unknown>>();

/**
 * Replaces the content of a file atomically: the path always holds the complete old or the complete new content. It
 * writes to a temporary file in the same folder, syncs it to disk, reads it back, and only then renames it into place.
 *
 * - A symbolic link is followed: the file it points to is replaced, and the link stays.
 * - The file's mode is kept; a new file gets the usual mode (0666 minus the umask).
 * - The temporary file gets a new random name (`<name>.<writer>.partial`), so it never overwrites an existing file or
 *   link. A killed process leaves it behind; a later write removes it.
 * - Devices, pipes, sockets and folders are refused.
 * - Other hard links of the file keep the old content.
 * - Writes to one path in one process wait for each other. Of two processes the last one wins.
 *
 * @param path - the file to replace; its folder must exist
 * @throws {ClrError} if it cannot be written; the file is then unchanged
 *
 * @example
 * ```ts
 * await replaceFile('trace.json', '{"version":1}');
 * await replaceFile('trace.json', '{"version":2}');
 * await readFile('trace.json', 'utf8'); // '{"version":2}'
 * ```
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  checkArguments(path, content);
  // Copy now, because the caller may change its array afterwards.
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : new Uint8Array(content);
  const key = resolve(path);
  const before = pending.get(key) ?? Promise.resolve();
  const written = before.then(() => write(key, bytes));
  const settled = written.catch(() => {});
  pending.set(key, settled);
  try {
    await written;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw fail(
      `to write ${JSON.stringify(path)}`,
      advice[code ?? '']?.[0] ?? message ?? String(cause),
      `${advice[code ?? '']?.[1] ?? 'Check the folder, its permissions and the free disk space.'} The previous content is unchanged.`,
      { cause },
    );
  } finally {
    if (pending.get(key) === settled) pending.delete(key);
  }
}

function checkArguments(path: unknown, content: unknown): void {
  checkPath(path);
  // Other typed arrays are refused, because their raw bytes are hardly what the caller means.
  if (typeof content !== 'string' && !(ArrayBuffer.isView(content) && dtypeOf(content) === 'U8')) {
    const advice = 'Pass text, or bytes: new Uint8Array(array.buffer, array.byteOffset, array.byteLength).';
    throw fail('the content of a file as a string or a Uint8Array', inWords(content), advice);
  }
}

/** The cause and the advice for error codes of the system. */
const advice: Readonly<Record<string, readonly [string, string]>> = {
  ENOENT: ['no such folder', 'Give a path in a folder that exists.'],
  ENOSPC: ['no space left on the disk', 'Free some space, or write elsewhere.'],
  EDQUOT: ['the disk quota is used up', 'Free some space, or write elsewhere.'],
  EACCES: ['no permission to write there', 'Give a path in a folder that may be written to.'],
  EROFS: ['a file system that is read-only', 'Write elsewhere.'],
  ELOOP: ['a symbolic link that goes in a circle', 'Remove the link, or give another path.'],
};

async function write(path: string, bytes: Uint8Array): Promise<void> {
  const target = await followLinks(path);
  const existing = await stat(target).catch(() => undefined);
  if (existing && !existing.isFile()) {
    const kind = existing.isDirectory() ? 'a folder' : 'a device, pipe or socket';
    throw new Error(`the path is ${kind}`);
  }
  const folder = dirname(target);
  const partial = join(
    folder,
    `${stemOf(basename(target))}.${writerName()}-${randomBytes(6).toString('hex')}.partial`,
  );
  // 'wx' fails if the name exists, even as a link.
  const file = await open(partial, 'wx', existing ? existing.mode & 0o7777 : 0o666);
  try {
    try {
      // The umask may have narrowed the mode at creation.
      if (existing) await file.chmod(existing.mode & 0o7777);
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await verify(partial, bytes);
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  // The file is already replaced, so it is no failure if the folder cannot be synced or tidied.
  await syncFolder(folder).catch(() => {});
  await removeLeftovers(folder, basename(target)).catch(() => {});
}

/** The real path of a file, links followed; the path itself if there is no file yet. */
async function followLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  // The folder must exist. A dangling link is a mistake and is not replaced.
  const target = join(await realpath(dirname(path)), basename(path));
  // If there is a regular file now, another process has just created it.
  const found = await lstat(target).catch(() => undefined);
  if (found?.isSymbolicLink()) throw new Error('the path is a dangling symbolic link');
  return target;
}

/** Compares a file with the bytes written to it, because some disks silently write fewer bytes than given. */
async function verify(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size !== bytes.length) throw new Error(`only ${size} of ${bytes.length} bytes were written`);
    const block = Buffer.alloc(Math.min(size, 2 ** 20));
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(block, 0, block.length, at);
      if (bytesRead === 0 || block.compare(bytes, at, at + bytesRead, 0, bytesRead) !== 0) {
        throw new Error('the bytes read back differ from those written');
      }
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** Syncs the rename itself. Windows cannot open folders, and does not need it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } finally {
    await handle?.close();
  }
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A digest of a file's bytes. For a folder, a digest of the names and sizes of all its files, because the pictures
 * themselves may be large. `undefined` if there is no such file.
 */
export async function digestOf(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  const status = await stat(path).catch(() => undefined);
  if (!status) return undefined;
  if (status.isDirectory()) {
    const names = (await readdir(path, { recursive: true })).sort();
    for (const name of names) hash.update(JSON.stringify([name, (await stat(join(path, name))).size]));
  } else for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array);
  return hash.digest('hex');
}

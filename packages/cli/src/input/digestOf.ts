import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { unusable } from '../errors.ts';

/** A digest of a file's content, or of a folder. Undefined if there is no such file, or if it is a device or a pipe. */
export async function digestOf(path: string): Promise<string | undefined> {
  const status = await stat(path).catch(() => undefined);
  if (!status?.isFile() && !status?.isDirectory()) return undefined;
  const hash = createHash('sha256');
  try {
    if (status.isFile()) await pipeline(createReadStream(path), hash);
    else hash.update(JSON.stringify(await listOf(path)));
  } catch (cause) {
    const received = String((cause as NodeJS.ErrnoException).code);
    throw unusable({ expected: `to read ${path}`, received, advice: 'Check its permissions.' }, { cause });
  }
  return hash.digest('hex');
}

/**
 * The names, sizes and times of change of the files in a folder. Reading the images themselves would take long. The
 * folder is searched like `listImages` of `@clr/data` does.
 */
async function listOf(folder: string): Promise<readonly (readonly unknown[])[]> {
  const list: (readonly unknown[])[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const inside = await readdir(join(folder, name), { recursive: true }).catch(() => []);
    for (const path of [name, ...inside.sort().map((each) => join(name, each))]) {
      const status = await stat(join(folder, path)).catch(() => undefined);
      if (status?.isFile()) list.push([path, status.size, status.mtimeMs]);
    }
  }
  return list;
}

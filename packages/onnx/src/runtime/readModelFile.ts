/// <reference types="node" />
import { fail } from '../errors.ts';
import { embedExternalData, type ReadPart } from './externalData.ts';

/**
 * The bytes of a model: given, or read from a path (Node) or an address (browser). Weights that a model at
 * a path keeps in files beside it are brought in.
 *
 * @throws {ClrError} when the file cannot be read, or refers to data outside its own folder
 */
export async function readModelFile(model: Uint8Array | string): Promise<Uint8Array> {
  if (typeof model !== 'string') return model;
  const node = typeof process !== 'undefined' && process.versions?.node !== undefined;
  const bytes = await readable(model, () => (node ? readFile(model) : download(model)));
  return node ? embedExternalData(bytes, await besides(model)) : bytes;
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw fail(
      'the path of a readable file',
      `${JSON.stringify(path)} (${cause instanceof Error ? cause.message : String(cause)})`,
      'Check the path, or pass the bytes.',
      { cause },
    );
  }
}

async function readFile(path: string): Promise<Uint8Array> {
  const { readFile: read } = await import('node:fs/promises');
  return read(path);
}

async function download(address: string): Promise<Uint8Array> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * Reads parts of files in a model's folder. A link may lead into the folder that holds the model file itself (in the
 * cache of Hugging Face's hub both are links into `blobs/`), but nowhere else.
 */
async function besides(model: string): Promise<ReadPart> {
  const { open, realpath, stat } = await import('node:fs/promises');
  const { dirname, join, sep } = await import('node:path');
  const folder = await realpath(dirname(model));
  const folders = [folder, dirname(await realpath(model))];
  return (location, offset, length) =>
    readable(location, async () => {
      const path = await realpath(join(folder, location));
      if (!folders.some((allowed) => path.startsWith(allowed + sep)))
        throw new Error("it lies outside the model's folder");
      // Opening a pipe would wait for whoever writes to it.
      const found = await stat(path);
      if (!found.isFile()) throw new Error('it is no plain file');
      const file = await open(path);
      try {
        const end = length === undefined ? found.size : offset + length;
        if (end > found.size || offset > found.size)
          throw new Error(`it has ${found.size} bytes, not ${end}`);
        const part = new Uint8Array(end - offset);
        await file.read(part, 0, part.length, offset);
        return part;
      } finally {
        await file.close();
      }
    });
}

/// <reference types="node" />
import { fail, messageOf } from '../errors.ts';
import { checkBytes } from '../format/checkBytes.ts';
import type { Content } from '../format/content.ts';
import { show } from '../show.ts';
import { type ReadPart, readOutside } from './externalData.ts';

/**
 * Returns a part of an external file with weights: `length` bytes from `offset` on or, without a length, the rest.
 * `location` is the file's name in the model.
 */
export type ExternalData = (
  location: string,
  offset: number,
  length: number | undefined,
) => Uint8Array | Promise<Uint8Array>;

/**
 * The content of a model: given as bytes, or read from a path (Node) or a URL (browser). External weights are read from
 * `externalData`, or else from files beside the model.
 *
 * @throws {ClrError} if a file cannot be read, or if the model refers to data outside its own folder
 */
export async function readModelFile(
  model: Uint8Array | string,
  externalData?: ExternalData,
): Promise<Content> {
  const node = typeof process !== 'undefined' && process.versions?.node !== undefined;
  const bytes =
    typeof model === 'string'
      ? await readable(model, () => (node ? readFile(model) : download(model)))
      : model;
  checkBytes(bytes, 'an ONNX model', '.onnx');
  if (externalData) return readOutside(bytes, asked(externalData));
  if (typeof model !== 'string') return { bytes, parts: new Map() };
  return readOutside(bytes, node ? await besides(model) : fetched(model));
}

/** The operating system reads less than 2 GiB per call. */
const atOnce = 2 ** 30;

/** Requests a part of a file from the caller's function and checks it. */
function asked(externalData: ExternalData): ReadPart {
  return async (location, offset, length) => {
    const part: unknown = await answered(location, async () => externalData(location, offset, length));
    if (!(part instanceof Uint8Array) || (length !== undefined && part.length !== length)) {
      throw fail(
        `externalData to give ${length === undefined ? 'the rest' : `${length} bytes`} of "${location}" from byte ${offset} on, as a Uint8Array`,
        part instanceof Uint8Array ? `${part.length} bytes` : show(part),
        'Return this part of the file, no less and no more.',
      );
    }
    return part;
  };
}

/** Reads parts of files next to a model's URL. Each file is fetched once. */
function fetched(model: string): ReadPart {
  const files = new Map<string, Promise<Uint8Array>>();
  return (location, offset, length) =>
    readable(location, async () => {
      const address = new URL(
        location,
        new URL(model, (globalThis as { location?: { href: string } }).location?.href),
      ).href;
      const file = files.get(address) ?? download(address);
      files.set(address, file);
      const bytes = await file;
      const end = length === undefined ? bytes.length : offset + length;
      if (end > bytes.length || offset > bytes.length)
        throw new Error(`it has ${bytes.length} bytes, not ${end}`);
      return bytes.subarray(offset, end);
    });
}

async function answered<T>(location: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    throw fail(
      `externalData to give the bytes of ${JSON.stringify(location)}`,
      `an error (${messageOf(cause)})`,
      'Make the function find that file, or load the model by its path.',
      { cause },
    );
  }
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw fail(
      'the path of a readable file',
      `${JSON.stringify(path)} (${messageOf(cause)})`,
      'Check the path, or pass the bytes.',
      { cause },
    );
  }
}

async function readFile(path: string): Promise<Uint8Array> {
  const { readFile: read } = process.getBuiltinModule('node:fs/promises');
  return read(path);
}

async function download(address: string): Promise<Uint8Array> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * Reads parts of files in a model's folder. A data file may be a link, but only to this folder or to the folder that
 * holds the real model file. (In Hugging Face's cache, the model and its data files are links into `blobs/`.)
 */
async function besides(model: string): Promise<ReadPart> {
  const { open, realpath, stat } = process.getBuiltinModule('node:fs/promises');
  const { dirname, join, sep } = process.getBuiltinModule('node:path');
  const folder = await realpath(dirname(model));
  const folders = [folder, dirname(await realpath(model))];
  return (location, offset, length) =>
    readable(location, async () => {
      const path = await realpath(join(folder, location));
      if (!folders.some((allowed) => path.startsWith(allowed + sep)))
        throw new Error("it is outside the model's folder");
      // Opening a pipe would block until someone writes to it.
      const found = await stat(path);
      if (!found.isFile()) throw new Error('it is not a regular file');
      const file = await open(path);
      try {
        const end = length === undefined ? found.size : offset + length;
        if (end > found.size || offset > found.size)
          throw new Error(`it has ${found.size} bytes, not ${end}`);
        const part = new Uint8Array(end - offset);
        for (let at = 0; at < part.length; ) {
          const { bytesRead } = await file.read(part, at, Math.min(atOnce, part.length - at), offset + at);
          if (bytesRead === 0) throw new Error('it was truncated meanwhile');
          at += bytesRead;
        }
        return part;
      } finally {
        await file.close();
      }
    });
}

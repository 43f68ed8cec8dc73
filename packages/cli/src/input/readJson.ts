import { createReadStream } from 'node:fs';
import { decodeText } from '@clr/data/curves';
import { unusable } from '../errors.ts';

/** The JSON in a file, or on standard input for `-`, as UTF-8 or UTF-16, with or without a byte order mark. */
export async function readJson(path: string): Promise<unknown> {
  const bytes = await readBytes(path);
  let source: string | undefined;
  try {
    source = decodeText(bytes);
    return JSON.parse(source);
  } catch (cause) {
    const received = source?.trim() === '' ? 'nothing' : (cause as Error).message;
    throw unusable(
      { expected: `JSON in ${nameOf(path)}`, received, advice: 'Give a file that JSON.stringify wrote.' },
      { cause },
    );
  }
}

/**
 * The maximum size of an input: twice the maximum length of a string in Node. Without this limit, reading an endless
 * device would never stop.
 */
const maxBytes = 2 ** 30;

/** The name of an input in messages. */
export function nameOf(path: string): string {
  return path === '-' ? 'standard input' : path;
}

/** The bytes of a file, or of standard input for `-`. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of path === '-' ? process.stdin : createReadStream(path)) {
      size += piece.length;
      if (size > maxBytes) throw Object.assign(new Error(), { code: `more than ${maxBytes} bytes` });
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    const received = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a folder' : code;
    throw unusable(
      {
        expected: path === '-' ? 'to read standard input' : `a readable file ${path}`,
        received,
        advice: 'Check the path, or give - for standard input.',
      },
      { cause },
    );
  }
}

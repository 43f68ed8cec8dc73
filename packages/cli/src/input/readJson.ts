import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { unusable } from '../errors.ts';

/** The JSON in a file, or on standard input for `-`. */
export async function readJson(path: string): Promise<unknown> {
  const source = path === '-' ? await text(process.stdin) : await readText(path);
  try {
    return JSON.parse(source);
  } catch (cause) {
    const received = source.trim() === '' ? 'nothing' : (cause as Error).message;
    throw unusable(
      { expected: `JSON in ${nameOf(path)}`, received, advice: 'Give a file that JSON.stringify wrote.' },
      { cause },
    );
  }
}

/** What to call an input in a message. */
export function nameOf(path: string): string {
  return path === '-' ? 'standard input' : path;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    const received = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a folder' : code;
    throw unusable(
      {
        expected: `a readable file ${path}`,
        received,
        advice: 'Check the path, or give - for standard input.',
      },
      { cause },
    );
  }
}

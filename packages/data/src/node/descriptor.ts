import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { fail } from '../errors.ts';

type Move = (
  file: number,
  buffer: Uint8Array,
  offset: number,
  length: number,
  position: number,
) => Promise<{ readonly bytesRead: number; readonly bytesWritten: number }>;

type Open = (path: string, flags: string, mode?: number) => Promise<number>;
type Stat = (file: number) => Promise<fs.Stats>;
type Close = (file: number) => Promise<void>;

// Uses plain descriptors, because Node warns about a file handle that is garbage-collected before it is closed.
const [open, stat, read, write, close] = [fs.open, fs.fstat, fs.read, fs.write, fs.close].map((call) =>
  promisify(call as (...args: never[]) => void),
) as unknown as [Open, Stat, Move, Move, Close];

export const openFile: Open = open;
export const statFile: Stat = stat;
export const closeFile: Close = close;

/** The maximum number of bytes of one system call. */
const most = 2 ** 30;

/** The bytes of an open file from `begin` up to `end`. */
export async function readRange(file: number, path: string, begin: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, end - begin));
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await read(file, bytes, at, Math.min(bytes.length - at, most), begin + at);
    if (bytesRead === 0)
      throw fail(
        `${end} bytes in ${path}`,
        'a file that became shorter',
        'Do not change the file while it is read.',
      );
    at += bytesRead;
  }
  return bytes;
}

/** Writes all bytes to an open file, starting at a position. */
export async function writeAll(file: number, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const length = Math.min(bytes.length - at, most);
    at += (await write(file, bytes, at, length, position + at)).bytesWritten;
  }
}

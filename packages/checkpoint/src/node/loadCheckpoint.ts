import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { ClrError } from '@clr/core';
import type { Checkpoint } from '../checkpoint.ts';
import { fail } from '../errors.ts';
import { decodeCheckpoint } from '../format/decodeCheckpoint.ts';
import { checkPath } from './checkPath.ts';

/**
 * Reads a checkpoint from a file. Returns `undefined` if there is no file.
 *
 * @throws {ClrError} if the path is not text, or if the file cannot be read or is not a complete checkpoint
 *
 * @example
 * ```ts
 * await loadCheckpoint('not-there.safetensors'); // undefined
 * ```
 */
export async function loadCheckpoint(path: string): Promise<Checkpoint | undefined> {
  checkPath(path);
  let bytes: Uint8Array;
  try {
    bytes = await readWhole(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw fail(
      `to read the checkpoint ${JSON.stringify(path)}`,
      cause instanceof ClrError ? cause.message : String(cause),
      'Check the path and its permissions.',
      { cause },
    );
  }
  try {
    return await decodeCheckpoint(bytes);
  } catch (cause) {
    const received = /Received: (.*)/.exec(String(cause))?.[1] ?? String(cause);
    throw fail(`a whole checkpoint in ${JSON.stringify(path)}`, received, 'Resume from another checkpoint.', {
      cause,
    });
  }
}

/** Reads a whole file in parts, because `readFile` of Node 20 stops at 2 GiB. */
async function readWhole(path: string): Promise<Uint8Array> {
  // Opening a pipe would otherwise wait for a writer that may never come. Windows lacks the flag and needs none.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new Error('not a regular file');
    const bytes = new Uint8Array(status.size);
    let at = 0;
    while (at < bytes.length) {
      const { bytesRead } = await file.read(bytes, at, Math.min(bytes.length - at, 2 ** 30), at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return bytes.subarray(0, at);
  } finally {
    await file.close();
  }
}

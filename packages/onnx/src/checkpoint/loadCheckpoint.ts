import { readFile } from 'node:fs/promises';
import { fail } from '../errors.ts';
import { type Checkpoint, decodeCheckpoint } from './format.ts';

/**
 * Reads a checkpoint; `undefined` when there is none yet.
 *
 * @throws {ClrError} on a file that cannot be read or is no whole checkpoint
 *
 * @example
 * ```ts
 * const from = await loadCheckpoint('run.clr'); // undefined
 * const run = await train(trainer, batches, { policy, steps: 4, ...(from && { from }) });
 * run.step; // 4
 * ```
 */
export async function loadCheckpoint(path: string): Promise<Checkpoint | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fail('a readable checkpoint', String(cause), 'Check the path and its rights.', { cause });
  }
  return decodeCheckpoint(bytes, path);
}

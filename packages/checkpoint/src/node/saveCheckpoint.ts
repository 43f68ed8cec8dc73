import type { Checkpoint } from '../checkpoint.ts';
import { encodeCheckpoint } from '../format/encodeCheckpoint.ts';
import { replaceFile } from './replaceFile.ts';

/**
 * Writes a checkpoint to a file, in the place of the one before. Whenever the process or the machine stops, one
 * of the two is there, whole: {@link replaceFile} says how. The snapshot is copied first, so it may change while
 * it is saved.
 *
 * @param path - where the checkpoint goes; its folder must exist
 * @throws {ClrError} on a step or snapshot that is none, or when the file cannot be written; the one before stays
 *
 * @example
 * ```ts
 * await saveCheckpoint('run.safetensors', { step: 7, snapshot: { weights: Float32Array.of(1, 2) } });
 * (await loadCheckpoint('run.safetensors')).step; // 7
 * ```
 */
export async function saveCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  await replaceFile(path, await encodeCheckpoint(checkpoint));
}

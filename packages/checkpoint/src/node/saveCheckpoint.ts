import type { Checkpoint } from '../checkpoint.ts';
import { encodeCheckpoint } from '../format/encodeCheckpoint.ts';
import { replaceFile } from './replaceFile.ts';

/**
 * Writes a checkpoint to a file and replaces the previous one atomically (see {@link replaceFile}). Whenever the
 * process or the machine stops, one of the two is complete. The snapshot is copied first, so training may continue.
 *
 * @param path - the checkpoint's file; its folder must exist
 * @throws {ClrError} if the step or the snapshot is invalid, or the file cannot be written; the previous checkpoint
 * stays
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

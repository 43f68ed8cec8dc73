import type { CheckpointStore } from '../checkpoint.ts';
import { checkPath } from './checkPath.ts';
import { loadCheckpoint } from './loadCheckpoint.ts';
import { saveCheckpoint } from './saveCheckpoint.ts';

/**
 * Keeps a run's checkpoint in a file: `save` and `load` for core's `train`.
 *
 * @throws {ClrError} if the path is not text
 *
 * @example
 * ```ts
 * const store = fileStore('run.safetensors');
 * await store.load(); // undefined
 * await store.save({ step: 7, snapshot: { weights: Float32Array.of(1, 2) } });
 * (await store.load()).step; // 7
 * ```
 */
export function fileStore(path: string): CheckpointStore {
  checkPath(path);
  return {
    save: (checkpoint) => saveCheckpoint(path, checkpoint),
    load: () => loadCheckpoint(path),
  };
}

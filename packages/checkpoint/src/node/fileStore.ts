import type { CheckpointStore } from '../checkpoint.ts';
import { loadCheckpoint } from './loadCheckpoint.ts';
import { saveCheckpoint } from './saveCheckpoint.ts';

/**
 * A file as the place of a run's checkpoint: `save` and `load` for the `checkpoint` option of core's `train`.
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
  return {
    save: (checkpoint) => saveCheckpoint(path, checkpoint),
    load: () => loadCheckpoint(path),
  };
}

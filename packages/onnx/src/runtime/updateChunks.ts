import type { StateTensor, TrainingModel } from '../training/trainingModel.ts';

/** If a step changes vectors of at least this many bytes in total, saving memory is worth the time of further runs. */
const large = 1 << 26;

/** The approximate number of runs for a large update. */
const maxChunks = 8;

/**
 * Whether a state is so large that a step must not output it as a whole. onnxruntime-node would hold the new vectors
 * and a copy of them, besides the old ones.
 */
export function isLarge(state: readonly Pick<StateTensor, 'output' | 'initial'>[]): boolean {
  const changed = state.filter(({ output }) => output !== undefined);
  return changed.reduce((sum, { initial }) => sum + initial.byteLength, 0) >= large;
}

/**
 * Splits the parameter vectors into chunks that are updated together, as lists of indices. The largest chunk comes
 * first. So if memory is short, the first run fails, before anything has changed. A small state is one chunk.
 */
export function updateChunks({ state }: Pick<TrainingModel, 'state'>): readonly (readonly number[])[] {
  const sizes = state
    .filter(({ role }) => role === 'parameters')
    .map(({ initial }, bucket) => ({ bucket, size: initial.length }));
  if (!isLarge(state)) return [sizes.map(({ bucket }) => bucket)];
  const most = sizes.reduce((sum, { size }) => sum + size, 0) / maxChunks;
  const chunks: { size: number; buckets: number[] }[] = [];
  for (const { bucket, size } of sizes.sort((a, b) => b.size - a.size || a.bucket - b.bucket)) {
    const open = chunks.find((chunk) => chunk.size + size <= most);
    if (open) {
      open.size += size;
      open.buckets.push(bucket);
    } else {
      chunks.push({ size, buckets: [bucket] });
    }
  }
  return chunks.sort((a, b) => b.size - a.size).map(({ buckets }) => buckets.sort((a, b) => a - b));
}

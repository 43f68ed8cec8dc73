import type { StateTensor, TrainingModel } from '../training/trainingModel.ts';

/** From here on (bytes of the vectors that a step changes) memory counts for more than a call of the runtime. */
const large = 1 << 26;

/** A large update is made in about so many runs. */
const maxChunks = 8;

/**
 * Whether a state is so large that a step must not give it out as a whole: onnxruntime-node holds the new vectors and then
 * a copy of them, beside the old ones.
 */
export function isLarge(state: readonly Pick<StateTensor, 'output' | 'initial'>[]): boolean {
  const changed = state.filter(({ output }) => output !== undefined);
  return changed.reduce((sum, { initial }) => sum + initial.byteLength, 0) >= large;
}

/**
 * Which of the parameters' vectors are updated together, those of most elements first: if memory is short, the first run
 * fails, before anything has changed. One chunk for all where the state is small.
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

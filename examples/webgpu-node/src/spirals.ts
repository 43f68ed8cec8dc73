import type { Batch } from '@clr/webgpu';

/** Two interleaved spirals with a little noise, which no straight line separates. */
export function spirals(count: number): Batch {
  const input = new Float32Array(count * 2);
  const target = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    const label = index % 2;
    const along = Math.sqrt(index / count);
    const angle = along * 1.6 * Math.PI * 2 + label * Math.PI;
    const wobble = 0.02 * Math.sin(index * 12.9898);
    input[index * 2] = (along + wobble) * Math.cos(angle);
    input[index * 2 + 1] = (along + wobble) * Math.sin(angle);
    target[index] = label;
  }
  return { input, target };
}

/** Batches of examples that were shuffled once, so that each holds both classes. */
export function batchesOf({ input, target }: Batch, size: number): Batch[] {
  const count = target.length;
  const order = Array.from({ length: count }, (_, index) => (index * 7919) % count);
  const batches: Batch[] = [];
  for (let start = 0; start + size <= count; start += size) {
    const chosen = order.slice(start, start + size);
    batches.push({
      input: Float32Array.from(chosen.flatMap((index) => [input[index * 2] ?? 0, input[index * 2 + 1] ?? 0])),
      target: chosen.map((index) => target[index] ?? 0),
    });
  }
  return batches;
}

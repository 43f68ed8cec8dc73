import type { Batch } from '@clr/onnx';
import * as ort from 'onnxruntime-node';

const size = 28;
const perBatch = 16;

/** Batches of 28 × 28 images of ten classes: noisy stripes whose direction depends on the class. */
export function patterns({ batches, seed }: { batches: number; seed: number }): Batch[] {
  const random = createRandom(seed);
  return Array.from({ length: batches }, () => {
    const labels = Array.from({ length: perBatch }, () => Math.floor(10 * random()));
    const images = labels.flatMap((label) => {
      const [angle, shift] = [(Math.PI * label) / 10, 6 * random()];
      return Array.from({ length: size * size }, (_, i) => {
        const along = Math.cos(angle) * (i % size) + Math.sin(angle) * Math.floor(i / size);
        return 0.5 + 0.5 * Math.sin(along + shift) + 2 * (random() - 0.5);
      });
    });
    return {
      image: new ort.Tensor('float32', Float32Array.from(images), [perBatch, 1, size, size]),
      target: new ort.Tensor('int64', BigInt64Array.from(labels.map(BigInt)), [perBatch]),
    };
  });
}

/** Returns a source of uniform numbers in [0, 1), a linear congruential generator. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

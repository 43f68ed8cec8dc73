import type { Batches } from '@clr/core';
import { type Dataset, type FloatBatch, floatBatches } from '@clr/datasets';
import type { Batch } from '@clr/onnx';
import * as ort from 'onnxruntime-node';

export const batchSize = 64;

/** The training images in batches. The seed decides the order, which differs in each epoch. */
export function trainingBatches(data: Dataset, limit: number, seed: number): Batches<Batch> {
  return function* (epoch: number): Generator<Batch, void> {
    const options = { ...data, size: batchSize, limit, seed: 1000 * seed + epoch };
    for (const batch of floatBatches(data.train, options)) yield toTensors(batch);
  };
}

/** The 10,000 test images in batches that can be evaluated repeatedly. */
export function testBatches(data: Dataset): readonly Batch[] {
  return Array.from(floatBatches(data.test, { ...data, size: 500 }), toTensors);
}

/** A batch as ONNX Runtime tensors: the images under the name of the model's input, and the class indices. */
function toTensors({ images, labels, count }: FloatBatch): Batch {
  return {
    image: new ort.Tensor('float32', images, [count, 1, 28, 28]),
    target: new ort.Tensor('int64', BigInt64Array.from(labels, BigInt), [count]),
  };
}

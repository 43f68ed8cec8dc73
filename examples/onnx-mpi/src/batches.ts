import type { Batches, Reduce } from '@clr/core';
import { type Dataset, floatImages, type LabelledImages } from '@clr/datasets';
import { shareOfEpoch } from '@clr/mpi';
import type { Batch } from '@clr/onnx';
import * as ort from 'onnxruntime-node';

/** The number of images in a batch, summed over all processes. */
export const batchSize = 64;

/** The training data of a process: its share of each batch, in a new order for each epoch. */
export function trainingShares(data: Dataset, limit: number, { rank, size }: Reduce): Batches<Batch> {
  return function* (epoch: number): Generator<Batch, void> {
    const share = { examples: limit, batch: batchSize, rank, size, epoch };
    for (const indices of shareOfEpoch(share)) yield toTensors(data.train, indices, data);
  };
}

/** A process's share of the test images. */
export function testShare(data: Dataset, { rank, size }: Reduce): readonly Batch[] {
  const own = Array.from({ length: data.test.count }, (_, i) => i).filter((i) => i % size === rank);
  const batches = Array.from({ length: Math.ceil(own.length / 500) }, (_, i) =>
    own.slice(500 * i, 500 * (i + 1)),
  );
  return batches.map((indices) => toTensors(data.test, indices, data));
}

function toTensors(split: LabelledImages, indices: readonly number[], data: Dataset): Batch {
  const labels = BigInt64Array.from(indices, (index) => BigInt(split.labels[index]!));
  return {
    image: new ort.Tensor('float32', floatImages(split, indices, data), [indices.length, 1, 28, 28]),
    target: new ort.Tensor('int64', labels, [indices.length]),
  };
}

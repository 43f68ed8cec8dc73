import { ClrError } from '@clr/core';
import type { Dataset, LabelledImages } from './dataset.ts';
import { parseIdx } from './parseIdx.ts';

/** The bytes of MNIST's four IDX files, uncompressed. */
export interface MnistFiles {
  readonly trainImages: Uint8Array;
  readonly trainLabels: Uint8Array;
  readonly testImages: Uint8Array;
  readonly testLabels: Uint8Array;
}

/**
 * Makes MNIST from the bytes of its files. Also works in a browser.
 *
 * @throws {ClrError} if a file is damaged, or does not hold MNIST's images or labels
 */
export function parseMnist(files: MnistFiles): Dataset {
  return {
    train: pair(files.trainImages, files.trainLabels),
    test: pair(files.testImages, files.testLabels),
    shape: [1, 28, 28],
    classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    mean: [0.1307],
    std: [0.3081],
  };
}

function pair(imageBytes: Uint8Array, labelBytes: Uint8Array): LabelledImages {
  const images = parseIdx(imageBytes);
  const labels = parseIdx(labelBytes);
  const [count = 0, height, width] = images.dims;
  if (images.dims.length !== 3 || height !== 28 || width !== 28) {
    throw unusable('images of n × 28 × 28', images.dims.join(' × '));
  }
  if (labels.dims.length !== 1 || labels.dims[0] !== count) {
    throw unusable(`${count} labels for ${count} images`, `labels of ${labels.dims.join(' × ')}`);
  }
  const largest = labels.data.reduce((max, label) => Math.max(max, label), 0);
  if (largest > 9) throw unusable('labels from 0 to 9', `a label ${largest}`);
  return { images: images.data, labels: labels.data, count };
}

function unusable(expected: string, received: string): ClrError {
  const advice = "Give MNIST's own four files, images and labels not swapped.";
  return new ClrError('clr/datasets', { expected, received, advice });
}

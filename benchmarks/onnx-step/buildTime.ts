import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sgd } from '@clr/core';
import { buildTrainingModel } from '@clr/onnx';
import * as ort from 'onnxruntime-node';
import { median } from './table.ts';
import { type Torch, training } from './torch.ts';

/**
 * Measures how long it takes to build the training model of a model with 50 layers, and to make a session of the
 * result.
 */
export async function buildTime(torch: Torch, folder: string): Promise<string[][]> {
  const net = 'resnet-50';
  await torch.prepare(net, 2, folder);
  const bytes = new Uint8Array(readFileSync(join(folder, `${net}.onnx`)));
  const times: number[] = [];
  let made = buildTrainingModel(bytes, { loss: 'crossEntropy', optimizer: sgd(training) });
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    made = buildTrainingModel(bytes, { loss: 'crossEntropy', optimizer: sgd(training) });
    times.push((performance.now() - start) / 1000);
  }
  const start = performance.now();
  const session = await ort.InferenceSession.create(made.bytes);
  const created = (performance.now() - start) / 1000;
  await session.release();
  return [
    ['buildTrainingModel (target < 1)', median(times).toFixed(2)],
    ['ONNX Runtime: creating the session', created.toFixed(2)],
  ];
}

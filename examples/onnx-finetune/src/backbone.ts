import { adam, decay, train } from '@clr/core';
import type { Digits } from '@clr/datasets/onnx';
import { buildModel, createTrainer, forInference, type LayerSpec } from '@clr/onnx';
import * as ort from 'onnxruntime-node';
import { Loader } from './loader.ts';

const layers: readonly LayerSpec[] = [
  { type: 'conv2d', filters: 8, kernel: 5 },
  { type: 'batchNorm' },
  { type: 'relu' },
  { type: 'maxPool', size: 2 },
  { type: 'conv2d', filters: 16, kernel: 5 },
  { type: 'batchNorm' },
  { type: 'relu' },
  { type: 'maxPool', size: 2 },
  { type: 'dense', units: 64 },
  { type: 'relu' },
  { type: 'dense', units: 5 },
];

/** Trains a small convolutional net from scratch on some digits. */
export async function trainBackbone(data: Digits, steps: number): Promise<Uint8Array> {
  const model = buildModel({ input: [1, 28, 28], layers });
  const trainer = await createTrainer(ort, model, { loss: 'crossEntropy', optimizer: adam() });
  await train(trainer, new Loader(data, 64).batches, { policy: decay({ maxLr: 2e-3, steps }), steps });
  const trained = await trainer.exportModel();
  await trainer.dispose();
  return forInference(trained);
}

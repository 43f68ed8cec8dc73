import { fileURLToPath } from 'node:url';
import { sgd } from '@clr/core';
import { createTrainer, type OnnxTrainer } from '@clr/onnx';
import * as ort from 'onnxruntime-node';

/** LeNet-5 as PyTorch exported it, with its initial weights: scripts/export-lenet.py. */
export const lenetPath: string = fileURLToPath(new URL('../lenet.onnx', import.meta.url));

/** Creates a trainer of a new LeNet, always with the same initial weights. */
export function createLenet(): Promise<OnnxTrainer> {
  return createTrainer(ort, lenetPath, {
    loss: 'crossEntropy',
    optimizer: sgd({ momentum: 0.9 }),
    session: { logSeverityLevel: 3 },
  });
}

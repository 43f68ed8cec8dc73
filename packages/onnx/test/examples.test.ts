import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as checkpoint from '@clr/checkpoint/node';
import * as core from '@clr/core';
import { describeExamples } from '@clr/tooling/describeExamples';
import * as ort from 'onnxruntime-node';
import { DataType } from '../src/format/dataType.ts';
import * as onnx from '../src/index.ts';
import { makeModel } from './makeModel.ts';
import { smallBatch, smallModel } from './smallModel.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const lenet = readFileSync(path('../../../examples/onnx-node/lenet.onnx'));

const image = new ort.Tensor(
  'float32',
  Float32Array.from({ length: 8 * 784 }, (_, i) => Math.sin(i)),
  [8, 1, 28, 28],
);
const target = new ort.Tensor(
  'int64',
  BigInt64Array.from({ length: 8 }, (_, i) => BigInt(i)),
  [8],
);

/** y = wavelet(x · weight): a custom operator between a parameter and the loss. */
const modelWithWavelet = makeModel({
  opset: 18,
  domains: { 'com.example': 3 },
  inputs: [{ name: 'x', type: DataType.FLOAT, dims: [2, 2] }],
  outputs: [{ name: 'y', type: DataType.FLOAT, dims: [] }],
  initializers: [{ name: 'weight', type: DataType.FLOAT, dims: [2, 2], values: [1, 0, 0, 1] }],
  nodes: [
    { op: 'MatMul', inputs: ['x', 'weight'], outputs: ['m'] },
    { op: 'Wavelet', domain: 'com.example', inputs: ['m'], outputs: ['y'], name: 'bands' },
  ],
});

const shared = { ...core, ...onnx, ort, image, target, bytes: lenet };

describeExamples({
  sources: path('../src'),
  exports: [onnx],
  scope: async () => ({
    ...shared,
    modelWithWavelet,
    trainer: await onnx.createTrainer(ort, smallModel(), {
      loss: 'crossEntropy',
      optimizer: core.sgd({ momentum: 0.9 }),
    }),
    batches: [smallBatch(0), smallBatch(1)],
    policy: core.triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 1 }),
    writeFile: async () => undefined,
  }),
  files: { 'lenet.onnx': lenet },
});

describeExamples({
  pages: [path('../README.md')],
  scope: () => ({ ...shared, batches: [{ image, target }], steps: 800 }),
  modules: {
    '@clr/core': core,
    '@clr/onnx': onnx,
    '@clr/checkpoint/node': checkpoint,
    'onnxruntime-node': ort,
  },
  files: { 'lenet.onnx': lenet },
});

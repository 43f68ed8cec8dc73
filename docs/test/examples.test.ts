import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as core from '@clr/core';
import * as onnx from '@clr/onnx';
import { describeExamples } from '@clr/tooling/describeExamples';
import * as ort from 'onnxruntime-node';
import { patterns } from './patterns.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const lenet = readFileSync(path('../../examples/onnx-node/lenet.onnx'));
const untrained = () =>
  onnx.createTrainer(ort, lenet, { loss: 'crossEntropy', optimizer: core.sgd({ momentum: 0.9 }) });

describeExamples({
  // The tests of @clr/tfjs and @clr/webgpu run their blocks of the README.
  only: (code) => !/@clr\/(tfjs|webgpu)'/.test(code),
  pages: ['../../README.md', '../guide.md', '../onnx-training-model.md'].map(path),
  scope: async () => ({
    bytes: lenet,
    trainable: await untrained(),
    fresh: await untrained(),
    batches: patterns({ batches: 25, seed: 1 }),
    validation: patterns({ batches: 5, seed: 2 }),
  }),
  modules: { '@clr/core': core, '@clr/onnx': onnx, 'onnxruntime-node': ort },
  files: { 'lenet.onnx': lenet },
});

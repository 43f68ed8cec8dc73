import 'fake-indexeddb/auto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as workers from 'node:worker_threads';
import * as checkpointBrowser from '@clr/checkpoint/browser';
import * as checkpointNode from '@clr/checkpoint/node';
import * as core from '@clr/core';
import * as data from '@clr/data';
import * as dataNode from '@clr/data/node';
import * as onnx from '@clr/onnx';
import { describeExamples } from '@clr/tooling/describeExamples';
import { encode } from 'fast-png';
import * as ort from 'onnxruntime-node';
import { patterns } from './patterns.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const lenet = readFileSync(path('../../examples/onnx-node/lenet.onnx'));

/** Grey images of stripes: horizontal for cats, vertical for dogs. */
function pets(): Record<string, Uint8Array> {
  const [width, height] = [16, 16];
  const picture = (stands: boolean, shift: number) => {
    const level = (i: number) => 128 + 100 * Math.sin((stands ? i % width : Math.floor(i / width)) + shift);
    const pixels = Uint8Array.from({ length: width * height }, (_, i) => level(i));
    return encode({ width, height, data: pixels, channels: 1, depth: 8 });
  };
  const names = Array.from({ length: 40 }, (_, i) => `pets/${i % 2 ? 'dog' : 'cat'}/${i}.png`);
  return Object.fromEntries(names.map((name, i) => [name, picture(i % 2 === 1, i)]));
}

describeExamples({
  pages: readdirSync(path('../recipes'))
    .filter((name) => name !== 'README.md')
    .map((name) => path(`../recipes/${name}`)),
  scope: async () => ({
    bytes: lenet,
    trainable: await onnx.createTrainer(ort, lenet, { loss: 'crossEntropy', optimizer: core.sgd() }),
    fresh: await onnx.createTrainer(ort, lenet, {
      loss: 'crossEntropy',
      optimizer: core.sgd({ momentum: 0.9 }),
    }),
    batches: patterns({ batches: 25, seed: 1 }),
    validation: patterns({ batches: 5, seed: 2 }),
    // The globals of a web page that Node does not have.
    addEventListener: () => {},
    document: { visibilityState: 'visible' },
  }),
  modules: {
    '@clr/core': core,
    '@clr/data': data,
    '@clr/data/node': dataNode,
    '@clr/onnx': onnx,
    '@clr/checkpoint/node': checkpointNode,
    '@clr/checkpoint/browser': checkpointBrowser,
    'node:worker_threads': workers,
    'onnxruntime-node': ort,
  },
  files: pets(),
});

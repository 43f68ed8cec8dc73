import { readFile } from 'node:fs/promises';
import type { Optimizer } from '@clr/core';
import { random } from '@clr/datasets';
import { createTrainer, type OnnxTrainer, type ParameterGroup } from '@clr/onnx';
import * as ort from 'onnxruntime-node';

/** Caffe's two nets for CIFAR-10, each at full and at half width. */
export type NetName = 'quick' | 'full' | 'quick-half' | 'full-half';

/** The standard deviation of each layer's initial weights, in the order of the layers. Biases begin at 0. */
const deviations: Readonly<Record<'quick' | 'full', Readonly<Record<string, number>>>> = {
  quick: { conv1: 1e-4, conv2: 0.01, conv3: 0.01, ip1: 0.1, ip2: 0.1 },
  full: { conv1: 1e-4, conv2: 0.01, conv3: 0.01, ip1: 0.01 },
};

const layersOf = (net: NetName): Readonly<Record<string, number>> =>
  deviations[net.startsWith('quick') ? 'quick' : 'full'];

/**
 * Caffe's multipliers of the rate and the weight decay. Biases learn at twice the rate, except in conv3 of the full
 * net. The weight decay of the full net's classifier is 250 times as large, and the classifier's bias has none.
 */
const groupsOf = (net: NetName): readonly ParameterGroup[] =>
  net.startsWith('quick')
    ? [{ match: (name) => name.endsWith('.bias'), lrScale: 2 }]
    : [
        { match: (name) => name === 'ip1.weight', weightDecayScale: 250 },
        { match: (name) => name === 'ip1.bias', lrScale: 2, weightDecayScale: 0 },
        { match: (name) => /^conv[12]\.bias$/.test(name), lrScale: 2 },
      ];

/** The options of a net and its initial weights. */
export interface NetOptions {
  readonly net: NetName;
  readonly seed: number;
  readonly optimizer: Optimizer;
  /** The number of threads. Default: ONNX Runtime's own choice. */
  readonly threads?: number;
}

/** A trainer of one of the nets, with the initial weights of a seed: N(0, σ²) by layer, as in Caffe's files. */
export async function createNet({ net, seed, optimizer, threads }: NetOptions): Promise<OnnxTrainer> {
  const model = await readFile(new URL(`./nets/${net}.onnx`, import.meta.url));
  const trainer = await createTrainer(ort, new Uint8Array(model), {
    loss: 'crossEntropy',
    optimizer,
    // The constants of the response normalisation are not trained.
    trainable: (name) => /\.(weight|bias)$/.test(name),
    groups: groupsOf(net),
    ...(threads !== undefined && { session: { intraOpNumThreads: threads, interOpNumThreads: 1 } }),
  });
  const normal = normalNumbers(seed);
  const snapshot = await trainer.snapshot();
  const places = new Map(
    snapshot.layout
      .filter(({ role }) => role === 'parameters')
      .flatMap(({ input, parts }) => parts.map((part) => [part.name, { input, ...part }])),
  );
  for (const [layer, deviation] of Object.entries(layersOf(net))) {
    const { input, offset, dims } = places.get(`${layer}.weight`)!;
    const size = dims.reduce((product, dim) => product * dim, 1);
    for (let i = 0; i < size; i++) snapshot.state[input]![offset + i] = deviation * normal();
  }
  await trainer.restore(snapshot);
  return trainer;
}

/** Makes numbers of the standard normal distribution. Each uses up two uniform numbers. */
function normalNumbers(seed: number): () => number {
  const next = random(seed);
  return () => {
    const [u, w] = [next(), next()];
    return Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * w);
  };
}

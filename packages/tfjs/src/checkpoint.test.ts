import { decodeCheckpoint, encodeCheckpoint } from '@clr/checkpoint';
import { train, triangular } from '@clr/core';
import { expect, it } from 'vitest';
import { tf } from '../test/tf.ts';
import { createTrainable } from './createTrainable.ts';

const xs = Float32Array.from({ length: 8 * 4 }, (_, i) => Math.sin(i));
const ys = Float32Array.from({ length: 8 }, (_, i) => Math.cos(i));
const policy = triangular({ baseLr: 0.001, maxLr: 0.01, stepSize: 3 });

function open(optimizer: tf.Optimizer) {
  const kernelInitializer = tf.initializers.glorotNormal({ seed: 7 });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 5, inputShape: [4], kernelInitializer, name: 'hidden' }),
      tf.layers.batchNormalization({ name: 'norm' }),
      tf.layers.dense({ units: 1, kernelInitializer, name: 'out' }),
    ],
  });
  model.compile({ optimizer, loss: 'meanSquaredError' });
  return { model, trainable: createTrainable(tf, model) };
}

it.each<[string, () => tf.Optimizer]>([
  ['adam', () => tf.train.adam()],
  ['momentum', () => tf.train.momentum(0.1, 0.9)],
])('continues a run bit for bit from an encoded checkpoint: %s', async (_, optimizer) => {
  const whole = open(optimizer());
  let bytes: Uint8Array | undefined;
  const run = await train(whole.trainable, [{ xs, ys }], {
    policy,
    steps: 12,
    checkpoint: {
      every: { steps: 5 },
      save: async (checkpoint) => {
        if (checkpoint.step === 5) bytes = await encodeCheckpoint(checkpoint);
      },
    },
  });
  const from = await decodeCheckpoint(bytes!);
  const again = open(optimizer());
  const rest = await train(again.trainable, [{ xs, ys }], { policy, steps: 12, from });
  expect(rest.steps).toEqual(run.steps.slice(5));
  const weights = ({ model }: typeof whole) => model.getWeights().map((weight) => [...weight.dataSync()]);
  expect(weights(again)).toEqual(weights(whole));
});

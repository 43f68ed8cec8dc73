// Runs in every runtime: trains a small net in TensorFlow.js, on its plain JavaScript backend.
import { triangular2 } from '@clr/core';
import { cyclicLR } from '@clr/tfjs';
import * as tf from '@tensorflow/tfjs';

await tf.setBackend('cpu');
const kernelInitializer = tf.initializers.constant({ value: 0.5 });
const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1], kernelInitializer })] });
model.compile({ optimizer: tf.train.momentum(0.01, 0.9), loss: 'meanSquaredError' });
const [xs, ys] = [tf.range(-1, 1, 0.1).reshape([20, 1]), tf.range(-2, 2, 0.2).reshape([20, 1])];
const policy = triangular2({ baseLr: 0.01, maxLr: 0.1, stepSize: 5 });
const { history } = await model.fit(xs, ys, {
  epochs: 10,
  batchSize: 10,
  shuffle: false,
  verbose: 0,
  callbacks: cyclicLR(policy),
});
console.log(
  `rates ${history.lr.map((lr) => lr.toFixed(4)).join(' ')}, loss ${history.loss.at(-1).toPrecision(4)}`,
);

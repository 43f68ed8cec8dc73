#!/usr/bin/env bash
# TensorFlow.js's Adadelta is plain gradient descent. It divides by the average of squared gradients from before the
# step, so its two averages stay equal and cancel.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > see.mjs <<'JS'
import * as tf from '@tensorflow/tfjs';

tf.env().set('PROD', true);
await tf.setBackend('cpu');
const start = [1, -2, 0.5];
const curvatures = tf.tensor1d([0.1, 3, 20]);

/** Thirty steps down a bowl that is steep along one axis and flat along another. */
function descend(optimizer) {
  const weights = tf.variable(tf.tensor1d(start));
  for (let step = 0; step < 30; step++) optimizer.minimize(() => weights.square().mul(curvatures).sum());
  return weights.arraySync();
}
const [adadelta, sgd] = [descend(tf.train.adadelta(0.01, 0.95, 1e-7)), descend(tf.train.sgd(0.01))];

/** Algorithm 1 of the paper (arXiv 1212.5701): the average takes in this step's gradient before the division. */
const paper = start.map((begin, axis) => {
  let [x, squares, updates] = [begin, 0, 0];
  for (let step = 0; step < 30; step++) {
    const gradient = 2 * x * [0.1, 3, 20][axis];
    squares = 0.95 * squares + 0.05 * gradient ** 2;
    const update = (Math.sqrt(updates + 1e-7) / Math.sqrt(squares + 1e-7)) * gradient;
    updates = 0.95 * updates + 0.05 * update ** 2;
    x -= 0.01 * update;
  }
  return x;
});
const list = (values) => values.map((value) => value.toFixed(5)).join(', ');
console.log(`@tensorflow/tfjs ${tf.version.tfjs}, cpu backend: 30 steps from ${start.join(', ')}`);
console.log(`tf.train.adadelta(0.01): ${list(adadelta)}`);
console.log(`tf.train.sgd(0.01): ${list(sgd)}`);
console.log(`Adadelta as in the paper: ${list(paper)}`);
const near = (a, b) => a.every((value, i) => Math.abs(value - b[i]) < 1e-4);
process.exit(near(adadelta, sgd) && !near(adadelta, paper) ? 0 : 1);
JS
node see.mjs 2>/dev/null

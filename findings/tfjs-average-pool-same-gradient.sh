#!/usr/bin/env bash
# TensorFlow.js divides the gradient of 'same' average pooling by the size of the whole window. The forward pass divides
# by the part of the window inside the image, which is smaller at edges.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > see.mjs <<'JS'
import * as tf from '@tensorflow/tfjs';

tf.env().set('PROD', true);
await tf.setBackend('cpu');
const image = tf.randomUniform([1, 4, 4, 1], 0, 1, 'float32', 7);
const total = (x) => tf.avgPool(x, 2, 1, 'same').sum();
const gradient = tf.grad(total)(image).arraySync()[0];

/** The slope of the total along one pixel: pooling is linear, so a difference is exact. */
const slope = (row, column) => {
  const bump = tf.buffer([1, 4, 4, 1]);
  bump.set(1, 0, row, column, 0);
  return total(image.add(bump.toTensor())).sub(total(image)).dataSync()[0];
};
console.log(`@tensorflow/tfjs ${tf.version.tfjs}, cpu backend: tf.avgPool(x, 2, 1, 'same')`);
const rows = [
  ['middle', 1, 1],
  ['bottom edge', 3, 1],
  ['bottom right corner', 3, 3],
].map(([name, row, column]) => {
  const [claimed, right] = [gradient[row][column][0], slope(row, column)];
  console.log(`${name}: gradient ${claimed.toFixed(2)}, by finite differences ${right.toFixed(2)}`);
  return Math.abs(claimed - right) < 1e-3;
});
console.log('The forward pass divides by the cells inside the image, the gradient by all four.');
process.exit(rows[0] && !rows[1] && !rows[2] ? 0 : 1);
JS
node see.mjs 2>/dev/null

#!/usr/bin/env bash
# TensorFlow.js leaves the mirrored elements out of the gradient of mirrorPad: each input gets the gradient of only one
# of its copies.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > see.mjs <<'JS'
import * as tf from '@tensorflow/tfjs';

tf.env().set('PROD', true);
await tf.setBackend('cpu');

const values = tf.tensor1d([1, 2, 3, 4]);
console.log(`@tensorflow/tfjs ${tf.version.tfjs}, cpu backend: tf.mirrorPad([1, 2, 3, 4], [[2, 1]], mode)`);
const same = ["reflect", "symmetric"].map((mode) => {
  const pad = (x) => tf.mirrorPad(x, [[2, 1]], mode);
  const padded = pad(values).arraySync();
  const gradient = tf.grad((x) => pad(x).sum())(values).arraySync();
  const times = [1, 2, 3, 4].map((value) => padded.filter((other) => other === value).length);
  console.log(`${mode}: ${padded.join(" ")}; gradient of the sum ${gradient.join(" ")}, expected ${times.join(" ")}`);
  return String(gradient) === String(times);
});
process.exit(same.includes(true) ? 1 : 0);
JS
node see.mjs 2>/dev/null

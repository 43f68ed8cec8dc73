#!/usr/bin/env bash
# TensorFlow.js ignores dimRoundingMode 'ceil' in the gradients of conv2d. Inputs that only the last windows read get no
# gradient.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > see.mjs <<'JS'
import * as tf from '@tensorflow/tfjs';

tf.env().set('PROD', true);
await tf.setBackend('cpu');

const side = 5;
const image = tf.range(0, side * side).reshape([1, side, side, 1]);
const kernel = tf.ones([2, 2, 1, 1]);
console.log(`@tensorflow/tfjs ${tf.version.tfjs}, cpu backend: tf.conv2d, 5 × 5 image, 2 × 2 kernel of ones, stride 2, padding 0`);
const right = ["floor", "ceil"].map((mode) => {
  const total = (x, w) => tf.conv2d(x, w, 2, 0, "NHWC", 1, mode).sum();
  const [dImage, dKernel] = tf.grads(total)([image, kernel]).map((t) => t.flatten().arraySync());
  // A convolution is linear in its image and in its kernel, so its derivatives are its values at unit vectors.
  const unit = (size, at) => tf.oneHot(tf.tensor1d([at], "int32"), size).toFloat();
  const slopes = dImage.map((_, at) => total(unit(side * side, at).reshape(image.shape), kernel).dataSync()[0]);
  const ofKernel = dKernel.map((_, at) => total(image, unit(4, at).reshape(kernel.shape)).dataSync()[0]);
  const missed = slopes.filter((slope, at) => slope !== dImage[at]).length;
  const outputs = tf.conv2d(image, kernel, 2, 0, "NHWC", 1, mode).shape.slice(1, 3).join(" × ");
  console.log(`${mode}: ${outputs} outputs; ${missed} of 25 pixels have the wrong gradient; gradient of the kernel ${dKernel.join(" ")}, expected ${ofKernel.join(" ")}`);
  return missed === 0 && String(dKernel) === String(ofKernel);
});
process.exit(right[0] && !right[1] ? 0 : 1);
JS
node see.mjs 2>/dev/null

#!/usr/bin/env bash
# TensorFlow.js ignores halfPixelCenters in the gradients of resizeBilinear and resizeNearestNeighbor.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > see.mjs <<'JS'
import * as tf from '@tensorflow/tfjs';

await tf.setBackend('cpu');
const image = tf.tensor4d([1, 5, 2, 8, 3, 9, 4, 7, 6, 1, 2, 3, 5, 8, 9, 4], [1, 4, 4, 1]);
const weights = tf.range(0, 49).reshape([1, 7, 7, 1]);

/** The largest error of the gradient, compared with finite differences, as a share of the largest slope. */
function error(resize, halfPixel) {
  const total = (x) => resize(x, [7, 7], false, halfPixel).mul(weights).sum();
  const gradient = tf.grad(total)(image).dataSync();
  let [worst, largest] = [0, 0];
  for (let i = 0; i < 16; i++) {
    const bump = tf.oneHot(tf.tensor1d([i], 'int32'), 16).toFloat().reshape([1, 4, 4, 1]);
    const right = total(image.add(bump)).sub(total(image)).dataSync()[0];
    worst = Math.max(worst, Math.abs(gradient[i] - right));
    largest = Math.max(largest, Math.abs(right));
  }
  return worst / largest;
}
console.log(`@tensorflow/tfjs ${tf.version.tfjs}, cpu backend: 4 × 4 to 7 × 7`);
const seen = ['resizeBilinear', 'resizeNearestNeighbor'].map((name) => {
  const [plain, half] = [error(tf.image[name], false), error(tf.image[name], true)];
  console.log(`${name}: error of the gradient ${plain.toFixed(4)}, with halfPixelCenters ${half.toFixed(4)}`);
  return plain < 1e-3 && half > 0.05;
});
process.exit(seen.every(Boolean) ? 0 : 1);
JS
node see.mjs 2>/dev/null

#!/usr/bin/env bash
# TensorFlow.js fails in the gradient of resizeBilinear if the image is not square, because its cpu kernel swaps height
# and width.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > see.mjs <<'JS'
import * as tf from '@tensorflow/tfjs';

tf.env().set('PROD', true);
await tf.setBackend('cpu');
const gradient = (height, width) => {
  try {
    const slopes = tf.grad((image) => tf.image.resizeBilinear(image, [6, 6]).sum());
    return `a gradient of shape ${slopes(tf.ones([1, height, width, 1])).shape.join(' × ')}`;
  } catch (error) {
    return error.message;
  }
};
const [square, wide] = [gradient(3, 3), gradient(3, 4)];
console.log(`@tensorflow/tfjs ${tf.version.tfjs}, cpu backend: the gradient of resizeBilinear(image, [6, 6])`);
console.log(`3 × 3: ${square}\n3 × 4: ${wide}`);
process.exit(square.startsWith('a gradient') && wide.includes("shape '1,4,3,1'") ? 0 : 1);
JS
node see.mjs 2>/dev/null

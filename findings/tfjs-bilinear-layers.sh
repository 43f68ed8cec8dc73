#!/usr/bin/env bash
# TensorFlow.js's upSampling2d samples pixels at their corners, and its resizing layer aligns the corners of the images.
# The Keras layers of the same names interpolate between the centres of pixels.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > see.mjs <<'JS'
import * as tf from '@tensorflow/tfjs';

tf.env().set('PROD', true);
await tf.setBackend('cpu');
const row = (layer, values) =>
  layer.apply(tf.tensor4d(values, [1, 1, values.length, 1])).flatten().arraySync();

/** Linear interpolation between the centres of pixels, as TensorFlow 2 and Keras resize. */
const byCentres = (values, size) =>
  Array.from({ length: size }, (_, i) => {
    const at = Math.min(Math.max(((i + 0.5) * values.length) / size - 0.5, 0), values.length - 1);
    const [low, high] = [Math.floor(at), Math.ceil(at)];
    return values[low] + (at - low) * (values[high] - values[low]);
  });
const up = row(tf.layers.upSampling2d({ size: [1, 2], interpolation: 'bilinear' }), [0, 4, 8]);
const down = row(tf.layers.resizing({ height: 1, width: 2, interpolation: 'bilinear' }), [0, 1, 2, 3]);
const list = (values) => values.map((value) => Number(value.toFixed(3))).join(' ');
console.log(`@tensorflow/tfjs ${tf.version.tfjs}, cpu backend, bilinear`);
console.log(`upSampling2d of 0 4 8 to six: ${list(up)}; between centres: ${list(byCentres([0, 4, 8], 6))}`);
console.log(`resizing of 0 1 2 3 to two: ${list(down)}; between centres: ${list(byCentres([0, 1, 2, 3], 2))}`);
process.exit(list(up) === '0 2 4 6 8 8' && list(down) === '0 3' ? 0 : 1);
JS
node see.mjs 2>/dev/null

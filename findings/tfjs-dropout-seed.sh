#!/usr/bin/env bash
# TensorFlow.js: a dropout layer with a seed drops the same units at every step of fit.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > see.mjs <<'JS'
import * as tf from '@tensorflow/tfjs';

await tf.setBackend('cpu');

/** Marks which of 12 inputs survive in each of three training steps. */
function survivors(seed) {
  const layer = tf.layers.dropout({ rate: 0.5, ...(seed && { seed }) });
  const ones = tf.ones([1, 12]);
  return [0, 1, 2].map(() =>
    [...layer.apply(ones, { training: true }).dataSync()].map((kept) => (kept > 0 ? 'x' : '.')).join(''),
  );
}
const [seeded, free] = [survivors(7), survivors(undefined)];
console.log(`@tensorflow/tfjs ${tf.version.tfjs}: dropout with a rate of 0.5, three steps`);
console.log(`with seed 7:    ${seeded.join('  ')}`);
console.log(`without a seed: ${free.join('  ')}`);
console.log('The seed should fix the sequence of masks, but it fixes one mask, so half of the units are never trained.');
process.exit(new Set(seeded).size === 1 && new Set(free).size > 1 ? 0 : 1);
JS
node see.mjs 2>/dev/null

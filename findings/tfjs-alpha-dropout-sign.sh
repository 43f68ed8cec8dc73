#!/usr/bin/env bash
# TensorFlow.js's alphaDropout gives dropped units the wrong sign. So it changes the mean, which it should not change.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > see.mjs <<'JS'
import * as tf from '@tensorflow/tfjs';

tf.env().set('PROD', true);
await tf.setBackend('cpu');
const alpha = 1.6732632423543772;
const scale = 1.0507009873554805;
const rate = 0.3;
const inputs = tf.randomNormal([1, 100_000], 0, 1, 'float32', 1);
const outputs = tf.layers.alphaDropout({ rate, seed: 2 }).apply(inputs, { training: true });
const { mean, variance } = tf.moments(outputs);
const [seen, spread] = [mean.dataSync()[0], variance.dataSync()[0]];

// Self-normalizing networks (arXiv 1706.02515): a dropped unit becomes -alpha * scale, then every unit x becomes a * x
// + b.
const dropped = -alpha * scale;
const a = ((1 - rate) * (1 + rate * dropped ** 2)) ** -0.5;
const b = -a * rate * dropped;
const share = (value) =>
  outputs.sub(a * value + b).abs().less(1e-4).mean().dataSync()[0];
console.log(`@tensorflow/tfjs ${tf.version.tfjs}, cpu backend: alphaDropout({ rate: 0.3 }) of 100,000 standard normal numbers`);
console.log(`mean ${seen.toFixed(3)} (in the paper 0), variance ${spread.toFixed(3)} (in the paper 1)`);
console.log(`dropped units set to ${dropped.toFixed(3)}: ${(100 * share(dropped)).toFixed(1)} %; to ${(-dropped).toFixed(3)}: ${(100 * share(-dropped)).toFixed(1)} %`);
process.exit(seen > 0.8 && share(-dropped) > 0.25 ? 0 : 1);
JS
node see.mjs 2>/dev/null

#!/usr/bin/env bash
# TensorFlow.js's heNormal, glorotNormal and leCunNormal give weights that are 12 % too small. They truncate the normal
# distribution at two deviations and do not correct the scale.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > see.mjs <<'JS'
import * as tf from '@tensorflow/tfjs';

tf.env().set('PROD', true);
await tf.setBackend('cpu');

console.log(`@tensorflow/tfjs ${tf.version.tfjs}, cpu backend: standard deviations of 400 × 400 weights`);
const wanted = { heNormal: Math.sqrt(2 / 400), glorotNormal: Math.sqrt(2 / 800), leCunNormal: Math.sqrt(1 / 400) };
const ratios = Object.entries(wanted).map(([name, want]) => {
  const weights = tf.initializers[name]({ seed: 1 }).apply([400, 400]);
  const seen = Math.sqrt(tf.moments(weights).variance.dataSync()[0]);
  console.log(`${name}: ${seen.toFixed(4)}, by the formula ${want.toFixed(4)}, ratio ${(seen / want).toFixed(3)}`);
  return seen / want;
});
console.log("Keras draws with 1 / 0.8796 times the deviation of the formula, so that the truncated numbers have the right deviation.");
process.exit(ratios.every((ratio) => Math.abs(ratio - 0.8796) < 0.01) ? 0 : 1);
JS
node see.mjs 2>/dev/null

#!/usr/bin/env bash
# TensorFlow.js gives every tied maximum the whole gradient. So the gradients of max and min add up to more than the
# incoming gradient.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > see.mjs <<'JS'
import * as tf from '@tensorflow/tfjs';

tf.env().set('PROD', true);
await tf.setBackend('cpu');

const ties = tf.tensor1d([3, 3, 3, 1]);
const gradient = (f) => tf.grad((x) => f(x))(ties).arraySync();
const [max, min] = [gradient((x) => x.max()), gradient((x) => x.neg().min())];
console.log(`@tensorflow/tfjs ${tf.version.tfjs}, cpu backend: three ties among [3, 3, 3, 1]`);
console.log(`gradient of max: ${max.join(" ")}; of min(-x): ${min.join(" ")}`);
// If all three tied elements rise by h, the maximum rises by h, not by 3 h.
const rise = ties.add(tf.tensor1d([0.5, 0.5, 0.5, 0])).max().sub(ties.max()).dataSync()[0] / 0.5;
console.log(`raising all three raises max by ${rise} for each unit; the gradients claim ${max[0] + max[1] + max[2]}`);
process.exit(String(max) === "1,1,1,0" && rise === 1 ? 0 : 1);
JS
node see.mjs 2>/dev/null

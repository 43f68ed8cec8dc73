#!/usr/bin/env bash
# TensorFlow.js gives a dataset a new order each time it is read, even if it was shuffled with reshuffleEachIteration
# false.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > see.mjs <<'JS'
import * as tf from '@tensorflow/tfjs';

tf.env().set('PROD', true);
await tf.setBackend('cpu');
const numbers = tf.data.array(Array.from({ length: 12 }, (_, i) => i));
const fixed = numbers.shuffle(12, 'seed', false);
const [first, second] = [await fixed.toArray(), await fixed.toArray()];
console.log(`tf.data of @tensorflow/tfjs ${tf.version.tfjs}: shuffle(12, 'seed', false), read twice`);
console.log(`first: ${first.join(' ')}\nsecond: ${second.join(' ')}`);
console.log('The last argument is reshuffleEachIteration. With false both orders should be the same.');
process.exit(String(first) !== String(second) ? 0 : 1);
JS
node see.mjs 2>/dev/null

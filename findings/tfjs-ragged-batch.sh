#!/usr/bin/env bash
# TensorFlow.js gives no error for a batch of rows of different lengths. It makes a tensor with the first row's length
# and wrong numbers.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > see.mjs <<'JS'
import * as tf from '@tensorflow/tfjs';

tf.env().set('PROD', true);
await tf.setBackend('cpu');
const sumsOf = async (...rows) => {
  const [batch] = await tf.data.array(rows).batch(rows.length).toArray();
  return { shape: batch.shape, sums: batch.sum(1).arraySync() };
};
console.log(`tf.data of @tensorflow/tfjs ${tf.version.tfjs}, cpu backend: dataset.batch(2)`);
const shortFirst = await sumsOf([1], [20, 300]);
const longFirst = await sumsOf([20, 300], [1]);
console.log(`rows [1] and [20, 300]: shape ${shortFirst.shape}, sums of the rows ${shortFirst.sums.join(' and ')}`);
console.log(`rows [20, 300] and [1]: shape ${longFirst.shape}, sums of the rows ${longFirst.sums.join(' and ')}`);
console.log('The right sums are 1 and 320.');
process.exit(String(shortFirst.sums) === '1,20' ? 0 : 1);
JS
node see.mjs 2>/dev/null

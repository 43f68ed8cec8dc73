#!/usr/bin/env bash
# TensorFlow.js gives |x| the slope -1 at 0. So an L1 penalty moves a weight that is exactly 0, and the mean absolute
# error moves a prediction that is exactly right.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > see.mjs <<'JS'
import * as tf from '@tensorflow/tfjs';

tf.env().set('PROD', true);
await tf.setBackend('cpu');

const slope = tf.grad((x) => x.abs().sum())(tf.tensor1d([-2, 0, 2])).arraySync();
console.log(`@tensorflow/tfjs ${tf.version.tfjs}, cpu backend: slopes of |x| at -2, 0, 2: ${slope.join(", ")}`);
/** The weight after one step of SGD at a rate of 0.1 from a weight of 0, with targets of 0. */
const step = async (loss, penalty) => {
  const options = { units: 1, inputShape: [1], kernelInitializer: "zeros", useBias: false };
  const layer = tf.layers.dense({ ...options, ...(penalty && { kernelRegularizer: penalty }) });
  const model = tf.sequential({ layers: [layer] });
  model.compile({ optimizer: tf.train.sgd(0.1), loss });
  await model.fit(tf.ones([4, 1]), tf.zeros([4, 1]), { epochs: 1, verbose: 0 });
  return model.getWeights()[0].dataSync()[0];
};
const [penalised, absolute] = [
  await step("meanSquaredError", tf.regularizers.l1({ l1: 1 })),
  await step("meanAbsoluteError"),
];
console.log(`a weight of 0 under an L1 penalty of 1 becomes ${penalised.toFixed(2)}`);
console.log(`a weight of 0 whose prediction is exactly right becomes ${absolute.toFixed(2)} under the mean absolute error`);
process.exit(slope[1] === -1 && penalised > 0.09 && absolute > 0.09 ? 0 : 1);
JS
node see.mjs 2>/dev/null

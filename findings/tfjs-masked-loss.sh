#!/usr/bin/env bash
# TensorFlow.js counts masked time steps in the loss and in metrics. Keras, whose API it follows, leaves them out.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > see.mjs <<'JS'
import * as tf from '@tensorflow/tfjs';

tf.env().set('PROD', true);
await tf.setBackend('cpu');

const input = tf.input({ shape: [3] });
const embedded = tf.layers
  .embedding({ inputDim: 5, outputDim: 1, maskZero: true, embeddingsInitializer: "ones" })
  .apply(input);
const dense = tf.layers.dense({ units: 1, kernelInitializer: "ones", useBias: false });
const model = tf.model({ inputs: input, outputs: tf.layers.timeDistributed({ layer: dense }).apply(embedded) });
model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
// One token and two steps of padding. The model predicts 1 everywhere, and the target of the token is 1.
const tokens = tf.tensor2d([[3, 0, 0]]);
const loss = (padding) => model.evaluate(tokens, tf.tensor3d([[[1], [padding], [padding]]])).dataSync()[0];
console.log(`@tensorflow/tfjs ${tf.version.tfjs}, cpu backend: embedding with maskZero, mean squared error per time step`);
console.log(`the prediction for the token is exact; loss if the targets of the padding are 1: ${loss(1)}, if they are 4: ${loss(4)}`);
console.log("A loss that respects the mask would be 0 both times.");
process.exit(loss(1) === 0 && loss(4) === 6 ? 0 : 1);
JS
node see.mjs 2>/dev/null

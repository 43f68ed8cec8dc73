#!/usr/bin/env bash
# TensorFlow.js optimizers find a weight's velocity by its index among the trained weights. After a layer is frozen, the
# velocity acts on another weight.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > see.mjs <<'JS'
import * as tf from '@tensorflow/tfjs';

await tf.setBackend('cpu');
const layer = (name) =>
  tf.layers.dense({ units: 1, useBias: false, inputShape: [1], kernelInitializer: 'zeros', name });
const [first, second] = [layer('first'), layer('second')];
const input = tf.input({ shape: [1] });
const model = tf.model({ inputs: input, outputs: [first.apply(input), second.apply(input)] });
const optimizer = tf.train.momentum(0.5, 0.5);
const compile = () => model.compile({ optimizer, loss: 'meanSquaredError' });
const weight = (of) => of.getWeights()[0].dataSync()[0];
const one = tf.tensor2d([[1]]);

// Only the first weight has a gradient, because the second weight is at its target.
compile();
await model.fit(one, [one, tf.zeros([1, 1])], { epochs: 1, verbose: 0 });
const before = weight(second);
// Freeze the first layer and take another step. The second weight still has no gradient.
first.trainable = false;
compile();
await model.fit(one, [one, tf.zeros([1, 1])], { epochs: 1, verbose: 0 });
const after = weight(second);
console.log(`@tensorflow/tfjs ${tf.version.tfjs}: momentum 0.5; one step, then another with the first layer frozen`);
console.log(`the second weight, whose gradient is 0 in both steps: ${before}, then ${after}`);
console.log("The first weight's velocity moved it.");
process.exit(before === 0 && after !== 0 ? 0 : 1);
JS
node see.mjs 2>/dev/null

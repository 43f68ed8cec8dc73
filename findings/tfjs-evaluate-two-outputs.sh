#!/usr/bin/env bash
# For a model with two outputs, TensorFlow.js's `evaluate` calls its first number "loss", but it is the loss of the first
# output alone, not the sum that is trained.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > see.js <<'JS'
const tf = require('@tensorflow/tfjs');

(async () => {
  const input = tf.input({ shape: [1] });
  const layer = (name) => tf.layers.dense({ name, units: 1, kernelInitializer: 'zeros' }).apply(input);
  const model = tf.model({ inputs: input, outputs: [layer('a'), layer('b')] });
  model.compile({ optimizer: tf.train.sgd(0), loss: ['meanSquaredError', 'meanSquaredError'] });
  const x = tf.ones([4, 1]);
  const targets = [tf.fill([4, 1], 3), tf.fill([4, 1], 2)];
  const { history } = await model.fit(x, targets, { epochs: 1, verbose: 0 });
  const numbers = model.evaluate(x, targets).map((scalar) => scalar.arraySync());
  console.log(`@tensorflow/tfjs ${tf.version.tfjs}: two outputs, both 0, with the targets 3 and 2; squared error`);
  console.log(`fit: ${Object.entries(history).map(([name, [value]]) => `${name} ${value}`).join(', ')}`);
  console.log(`evaluate: ${numbers.map((value, i) => `${model.metricsNames[i]} ${value}`).join(', ')}`);
  process.exit(history.loss[0] === 13 && model.metricsNames[0] === 'loss' && numbers[0] === 9 ? 0 : 1);
})();
JS
node see.js 2>/dev/null

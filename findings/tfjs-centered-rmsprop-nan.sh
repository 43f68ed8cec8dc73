#!/usr/bin/env bash
# TensorFlow.js's centered RMSProp makes a weight NaN at its first update if the weight's gradient is 0 or small: epsilon
# is subtracted under the root.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > see.js <<'JS'
const tf = require('@tensorflow/tfjs');

const after = (centered, gradient) => {
  const weight = tf.variable(tf.scalar(1));
  tf.train.rmsprop(0.01, 0.9, 0, 1e-7, centered).minimize(() => weight.mul(gradient));
  return weight.arraySync();
};
console.log(`@tensorflow/tfjs ${tf.version.tfjs}: a weight of 1 after one update of RMSProp at the rate 0.01`);
const gradients = [1, 0.001, 0.0001, 0];
const rows = gradients.map((gradient) => [after(false, gradient), after(true, gradient)]);
gradients.forEach((gradient, i) => {
  const [plain, centered] = rows[i].map((value) => value.toFixed(4));
  console.log(`gradient ${gradient}: plain ${plain}, centered ${centered}`);
});
const [large, , , none] = rows;
process.exit(Number.isFinite(large[1]) && Number.isNaN(none[1]) && none[0] === 1 ? 0 : 1);
JS
node see.js 2>/dev/null

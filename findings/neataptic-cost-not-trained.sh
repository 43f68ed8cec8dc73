#!/usr/bin/env bash
# neataptic's option `cost` changes only the error that is reported. Training always uses the gradient of cross-entropy
# with a sigmoid output, whatever the cost and the activation.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund neataptic@1.4.7
cat > see.js <<'JS'
const { Network, methods } = require('neataptic');

// One input without influence, and a sigmoid output: output = sigmoid(bias).
const start = new Network(1, 1).toJSON();
start.nodes.forEach((node) => { node.bias = 0; });
start.connections.forEach((connection) => { connection.weight = 0; });
start.nodes[1].bias = 2;
const train = (cost) => {
  const network = Network.fromJSON(start);
  const { error } = network.train([{ input: [0], output: [0] }], { rate: 1, iterations: 1, cost });
  return { error, change: network.nodes[1].bias - 2 };
};
const a = 1 / (1 + Math.exp(-2));
console.log(`neataptic 1.4.7: output ${a.toFixed(4)}, target 0, rate 1; the bias after one step`);
const results = ['MSE', 'CROSS_ENTROPY', 'MAE', 'HINGE'].map((name) => {
  const { error, change } = train(methods.cost[name]);
  console.log(`cost ${name}: reported error ${error.toFixed(4)}, change of the bias ${change.toFixed(4)}`);
  return { error, change };
});
const mse = -2 * a * a * (1 - a);
console.log(`the gradient of (output - target)^2 would change the bias by ${mse.toFixed(4)}`);
const same = results.every(({ change }) => Math.abs(change + a) < 1e-12);
const reported = new Set(results.map(({ error }) => error.toFixed(6))).size;
process.exit(same && reported > 1 ? 0 : 1);
JS
node see.js

#!/usr/bin/env bash
# In neataptic a rate policy that returns 0, as a warm-up does at its start and a decay at its end, trains at 0.3.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund neataptic@1.4.7
cat > see.js <<'JS'
const { Network } = require('neataptic');

const start = new Network(2, 1).toJSON();
const data = [{ input: [1, 0.5], output: [0] }, { input: [0.5, 1], output: [1] }];
const after = (rate) => {
  const network = Network.fromJSON(start);
  network.train(data, { rate: 0.05, iterations: 1, ratePolicy: () => rate });
  return network.nodes[2].bias - start.nodes[2].bias;
};
console.log('neataptic 1.4.7: change of the output bias in one iteration, if the policy returns');
for (const rate of [0.3, 0.1, 1e-9, 0]) console.log(`${rate}: ${after(rate).toPrecision(4)}`);
process.exit(after(0) === after(0.3) && Math.abs(after(1e-9)) < 1e-8 && after(0) !== 0 ? 0 : 1);
JS
node see.js

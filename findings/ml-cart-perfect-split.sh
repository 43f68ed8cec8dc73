#!/usr/bin/env bash
# ml-cart's regression tree never takes a split that leaves no error. For a simple step function it predicts the mean
# everywhere.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund ml-cart@2.1.1
cat > see.mjs <<'JS'
import { DecisionTreeRegression } from 'ml-cart';

const x = Array.from({ length: 20 }, (_, i) => i);
const answers = (heights) => {
  const tree = new DecisionTreeRegression({ minNumSamples: 1 });
  tree.train(x, x.map((value) => (value < 10 ? 0 : 10) + heights(value)));
  return tree.predict([2, 15]).map((value) => Number(value.toFixed(2)));
};
const [step, rough] = [answers(() => 0), answers((value) => 0.01 * (value % 2))];
console.log('ml-cart 2.1.1: 20 points, 0 below x = 10 and 10 above; predictions at x = 2 and x = 15');
console.log(`the step function itself: ${step.join(' and ')}`);
console.log(`the same with 0.01 added to every other point: ${rough.join(' and ')}`);
process.exit(String(step) === '5,5' && Math.abs(rough[1] - 10) < 0.1 ? 0 : 1);
JS
node see.mjs

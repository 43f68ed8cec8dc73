#!/usr/bin/env bash
# ml-naivebayes's GaussianNB divides by a variance of 0. If one feature is constant in a class, all predictions of
# the model are wrong.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund ml-naivebayes@4.0.0
cat > see.mjs <<'JS'
import { GaussianNB } from 'ml-naivebayes';

const answers = (second) => {
  const rows = [1, 2, 5, 6].map((first, i) => [first, second[i]]);
  const model = new GaussianNB();
  model.train(rows, [0, 0, 1, 1]);
  return model.predict(rows);
};
const [varied, inOneClass, everywhere] = [answers([1, 2, 1, 2]), answers([1, 1, 1, 2]), answers([1, 1, 1, 1])];
console.log('ml-naivebayes 4.0.0: rows 1, 2 (class 0) and 5, 6 (class 1), with a second feature that does not separate the classes');
console.log(`the second feature varies: ${varied.join(' ')}`);
console.log(`the second feature is constant in class 0: ${inOneClass.join(' ')}`);
console.log(`the second feature is constant in both classes: ${everywhere.join(' ')}`);
const same = (a, b) => String(a) === b;
process.exit(same(varied, '0,0,1,1') && !same(inOneClass, '0,0,1,1') && !same(everywhere, '0,0,1,1') ? 0 : 1);
JS
node see.mjs

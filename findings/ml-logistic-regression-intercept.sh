#!/usr/bin/env bash
# ml-logistic-regression fits no intercept. It separates classes only by a plane through the origin, unless the caller
# adds a column of ones.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund ml-logistic-regression@2.0.0 ml-matrix@6.15.1
cat > see.mjs <<'JS'
import LogisticRegression from 'ml-logistic-regression';
import { Matrix } from 'ml-matrix';

const x = [1, 2, 3, 4, 6, 7, 8, 9];
const y = Matrix.columnVector(x.map((value) => Number(value > 5)));
const answers = (row) => {
  const model = new LogisticRegression({ numSteps: 5000, learningRate: 0.05 });
  const rows = new Matrix(x.map(row));
  model.train(rows, y);
  return model.predict(rows);
};
const [plain, withOnes] = [answers((value) => [value]), answers((value) => [value, 1])];
console.log('ml-logistic-regression 2.0.0: x = 1 2 3 4 in class 0, x = 6 7 8 9 in class 1');
console.log(`predictions: ${plain.join(' ')}`);
console.log(`predictions with a column of ones: ${withOnes.join(' ')}`);
process.exit(String(plain) === '1,1,1,1,1,1,1,1' && String(withOnes) === '0,0,0,0,1,1,1,1' ? 0 : 1);
JS
node see.mjs

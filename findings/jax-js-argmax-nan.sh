#!/usr/bin/env bash
# jax-js: if the numbers contain a NaN, argmax and argmin return an index beyond the end. NumPy and JAX return the index
# of the NaN.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @jax-js/jax@0.1.25
cat > see.mjs <<'JS'
import { defaultDevice, grad, numpy as np } from '@jax-js/jax';

defaultDevice('cpu');
const seen = [
  ['argmax', np.argmax, [1, NaN, 2]],
  ['argmin', np.argmin, [1, NaN, 2]],
  ['argmax', np.argmax, [5, 1, 2, NaN]],
].map(([name, find, values]) => {
  const position = find(np.array(values)).js();
  console.log(`jax-js 0.1.25, cpu: ${name}(${values.join(', ')}) is ${position}; there are ${values.length} elements`);
  return position === values.length;
});
process.exit(seen.every(Boolean) ? 0 : 1);
JS
node see.mjs

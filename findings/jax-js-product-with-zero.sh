#!/usr/bin/env bash
# jax-js: the gradient of a product is NaN at an element that is 0. It should be the product of the other elements.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @jax-js/jax@0.1.25
cat > see.mjs <<'JS'
import { defaultDevice, grad, numpy as np } from '@jax-js/jax';

defaultDevice('cpu');
const gradient = (values) => grad((x) => np.prod(x))(np.array(values)).js();
const [plain, zero] = [gradient([4, 2, 3]), gradient([0, 2, 3])];
console.log(`jax-js 0.1.25, cpu: gradient of the product of 4, 2, 3: ${plain.join(', ')}`);
console.log(`gradient of the product of 0, 2, 3: ${zero.join(', ')}; expected: 6, 0, 0`);
process.exit(String(plain) === '6,12,8' && Number.isNaN(zero[0]) ? 0 : 1);
JS
node see.mjs

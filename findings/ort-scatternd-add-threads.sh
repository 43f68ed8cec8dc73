#!/usr/bin/env bash
# ONNX Runtime's ScatterND with reduction add loses updates if positions repeat and there are two or more threads.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 onnx-proto@8.0.1
cat > see.mjs <<'JS'
import proto from 'onnx-proto';
import * as ort from 'onnxruntime-node';

const { ModelProto } = proto.onnx;
const value = (name, elemType) => ({ name, type: { tensorType: { elemType } } });
const attribute = [{ name: 'reduction', type: 'STRING', s: Buffer.from('add') }];
const bytes = ModelProto.encode(
  ModelProto.fromObject({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 18 }],
    graph: {
      name: 'g',
      node: [{ opType: 'ScatterND', input: ['zeros', 'rows', 'ones'], output: ['y'], attribute }],
      input: [value('zeros', 1), value('rows', 7), value('ones', 1)],
      output: [value('y', 1)],
    },
  }),
).finish();

// 16,384 rows of ones are added to row 0, so every element of row 0 must be 16,384.
const [updates, width] = [16_384, 64];
const feeds = {
  zeros: new ort.Tensor('float32', new Float32Array(2 * width), [2, width]),
  rows: new ort.Tensor('int64', new BigInt64Array(updates), [updates, 1]),
  ones: new ort.Tensor('float32', new Float32Array(updates * width).fill(1), [updates, width]),
};
async function smallest(intraOpNumThreads) {
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads, logSeverityLevel: 4 });
  let least = Infinity;
  for (let call = 0; call < 1000; call++) {
    const { y } = await session.run(feeds);
    least = Math.min(least, ...y.data.slice(0, width));
    if (least < updates) break;
  }
  return least;
}

console.log(`onnxruntime-node ${ort.env.versions.node}, CPU, up to 1000 calls, ${updates} ones added to one row`);
const [one, two] = [await smallest(1), await smallest(2)];
console.log(`smallest sum with 1 thread: ${one}, with 2 threads: ${two}`);
console.log('ScatterElements with reduction add gives the whole sum. The kernel spreads updates over threads without a lock.');
process.exit(one === updates && two < updates ? 0 : 1);
JS
node see.mjs

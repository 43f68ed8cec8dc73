#!/usr/bin/env bash
# onnxruntime-node writes a preallocated output, but still returns a copy of it.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 onnx-proto@8.0.1
cat > see.mjs <<'JS'
import proto from 'onnx-proto';
import * as ort from 'onnxruntime-node';

const { ModelProto } = proto.onnx;
const value = (name) => ({ name, type: { tensorType: { elemType: 1 } } });
const bytes = ModelProto.encode(
  ModelProto.fromObject({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      name: 'g',
      node: [{ opType: 'Neg', input: ['x'], output: ['y'] }],
      input: [value('x')],
      output: [value('y')],
    },
  }),
).finish();
const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
const x = new ort.Tensor('float32', Float32Array.of(1, 2, 3), [3]);
const given = new ort.Tensor('float32', new Float32Array(3), [3]);
const { y } = await session.run({ x }, { y: given });
console.log(`onnxruntime-node ${ort.env.versions.node}, CPU: run({ x }, { y: a tensor of the caller's })`);
console.log(`the caller's tensor holds ${given.data.join(', ')}; the result is the same tensor: ${y === given}, the same memory: ${y.data.buffer === given.data.buffer}`);
console.log('Preallocated outputs should save this allocation. With the copy, a training loop leaves garbage of the size of its weights at every step.');
const seen = given.data[2] === -3 && y.data[2] === -3 && y.data.buffer !== given.data.buffer;
process.exit(seen ? 0 : 1);
JS
node see.mjs

#!/usr/bin/env bash
# onnxruntime-node silently drops the value fed for an initializer that the model declares as an input.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 onnx-proto@8.0.1
cat > see.mjs <<'JS'
import proto from 'onnx-proto';
import * as ort from 'onnxruntime-node';

const { ModelProto } = proto.onnx;
const value = (name) => ({ name, type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 1 }] } } } });
// y = x · w, where w has a default of 2 and is an input, too. The ONNX specification lets a caller override w.
const bytes = ModelProto.encode(
  ModelProto.fromObject({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 14 }],
    graph: {
      name: 'g',
      node: [{ opType: 'Mul', input: ['x', 'w'], output: ['y'] }],
      input: [value('x'), value('w')],
      output: [value('y')],
      initializer: [{ name: 'w', dataType: 1, dims: [1], floatData: [2] }],
    },
  }),
).finish();
const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
const one = (number) => new ort.Tensor('float32', Float32Array.of(number), [1]);
const { y } = await session.run({ x: one(3), w: one(100) });
console.log(`onnxruntime-node ${ort.env.versions.node}`);
console.log(`inputs of the session: ${session.inputNames.join(', ')}`);
console.log(`3 · w, with 100 fed for w: ${y.data[0]} (the default of 2 was used, without an error or a warning)`);
process.exit(y.data[0] === 6 ? 0 : 1);
JS
node see.mjs

#!/usr/bin/env bash
# ONNX Runtime's Unique drops every NaN, except one that is the first element.
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
      node: [{ opType: 'Unique', input: ['x'], output: ['y'] }],
      input: [value('x')],
      output: [value('y')],
    },
  }),
).finish();
const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
const unique = async (values) => {
  const x = new ort.Tensor('float32', Float32Array.from(values), [values.length]);
  const found = Array.from((await session.run({ x })).y.data);
  console.log(`Unique of ${values.join(', ')}: ${found.join(', ')}`);
  return found.some(Number.isNaN);
};
console.log('onnxruntime-node 1.30.0, CPU');
const kept = [await unique([3, 1, 3, NaN, NaN]), await unique([5, NaN, 4, 1]), await unique([NaN])];
process.exit(String(kept) === 'false,false,true' ? 0 : 1);
JS
node see.mjs

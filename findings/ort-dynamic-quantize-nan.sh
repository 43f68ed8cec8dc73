#!/usr/bin/env bash
# ONNX Runtime's DynamicQuantizeLinear turns a NaN into an ordinary number: 0, or the smallest value of the tensor.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 onnx-proto@8.0.1
cat > see.mjs <<'JS'
import proto from 'onnx-proto';
import * as ort from 'onnxruntime-node';

const { ModelProto } = proto.onnx;
const value = (name, elemType) => ({ name, type: { tensorType: { elemType } } });
const model = (graph, version = 18) =>
  ModelProto.encode(
    ModelProto.fromObject({
      irVersion: 8,
      opsetImport: [{ domain: '', version }],
      graph: { name: 'g', ...graph },
    }),
  ).finish();

const session = await ort.InferenceSession.create(
  model({
    node: [
      { opType: 'DynamicQuantizeLinear', input: ['x'], output: ['q', 'scale', 'zero'] },
      { opType: 'DequantizeLinear', input: ['q', 'scale', 'zero'], output: ['y'] },
    ],
    input: [value('x', 1)],
    output: [value('y', 1)],
  }),
  { logSeverityLevel: 4 },
);
const through = async (values) => {
  const { y } = await session.run({ x: new ort.Tensor('float32', Float32Array.from(values), [values.length]) });
  return [...y.data].map((number) => Number(number.toFixed(2)));
};
console.log(`onnxruntime-node ${ort.env.versions.node}, CPU: quantized to uint8 and back`);
const cases = [
  [[1, 2, 3, NaN], 0],
  [[NaN, -1, -2, -3], -3],
];
let changed = false;
for (const [values, seen] of cases) {
  const got = await through(values);
  console.log(`${values.join(', ')} becomes ${got.join(', ')}`);
  changed ||= got[values.findIndex(Number.isNaN)] !== seen;
}
console.log('So a NaN before a quantized layer cannot be seen after this layer.');
process.exit(changed ? 1 : 0);
JS
node see.mjs 2>/dev/null

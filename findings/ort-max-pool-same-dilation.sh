#!/usr/bin/env bash
# ONNX Runtime pads a dilated MaxPool with auto_pad SAME as if it were not dilated, so the output is shorter than the input.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 onnx-proto@8.0.1
cat > see.mjs <<'JS'
import proto from 'onnx-proto';
import * as ort from 'onnxruntime-node';

const { ModelProto } = proto.onnx;
const value = (name) => ({ name, type: { tensorType: { elemType: 1 } } });
async function pool(length, dilation) {
  const attribute = [
    { name: 'auto_pad', type: 'STRING', s: Buffer.from('SAME_UPPER') },
    { name: 'kernel_shape', type: 'INTS', ints: [3] },
    { name: 'dilations', type: 'INTS', ints: [dilation] },
  ];
  const bytes = ModelProto.encode(
    ModelProto.fromObject({
      irVersion: 8,
      opsetImport: [{ domain: '', version: 12 }],
      graph: {
        name: 'g',
        node: [{ opType: 'MaxPool', input: ['x'], output: ['y'], attribute }],
        input: [value('x')],
        output: [value('y')],
      },
    }),
  ).finish();
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const x = new ort.Tensor('float32', Float32Array.from({ length }, (_, i) => i + 1), [1, 1, length]);
  return (await session.run({ x })).y.data.length;
}

console.log(`onnxruntime-node ${ort.env.versions.node}, CPU: MaxPool, kernel 3, stride 1, auto_pad SAME_UPPER`);
let changed = false;
for (const [length, dilation, seen] of [
  [7, 1, 7],
  [7, 2, 5],
  [7, 3, 3],
]) {
  const got = await pool(length, dilation);
  console.log(`${length} elements, dilation ${dilation}: ${got} elements in the output`);
  changed ||= got !== seen;
}
console.log('ONNX defines SAME by output = ceil(input / stride), so every row should have 7.');
process.exit(changed ? 1 : 0);
JS
node see.mjs

#!/usr/bin/env bash
# ONNX Runtime folds Shape with ONNX's shape inference. For a pool with ceil_mode, this inference gives another number of
# windows than the kernel.
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
      {
        opType: 'MaxPool',
        input: ['x'],
        output: ['y'],
        attribute: [
          { name: 'kernel_shape', type: 'INTS', ints: [1] },
          { name: 'strides', type: 'INTS', ints: [3] },
          { name: 'ceil_mode', type: 'INT', i: 1 },
        ],
      },
      { opType: 'Shape', input: ['y'], output: ['shape'] },
    ],
    input: [{ name: 'x', type: { tensorType: { elemType: 1, shape: { dim: [1, 1, 2].map((dimValue) => ({ dimValue })) } } } }],
    output: [value('y', 1), value('shape', 7)],
  }),
  { logSeverityLevel: 4 },
);
const { y, shape } = await session.run({ x: new ort.Tensor('float32', Float32Array.of(1, 2), [1, 1, 2]) });
const told = [...shape.data].map(Number);
console.log(`onnxruntime-node ${ort.env.versions.node}, CPU: MaxPool of 2 elements, kernel 1, stride 3, ceil_mode 1`);
console.log(`the pool gives a tensor of shape [${y.dims.join(', ')}]`);
console.log(`Shape of that tensor says      [${told.join(', ')}]`);
console.log('A mean that divides by such a Shape is silently wrong.');
process.exit(y.dims.join() === '1,1,1' && told.join() === '1,1,2' ? 0 : 1);
JS
node see.mjs 2>/dev/null

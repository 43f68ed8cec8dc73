#!/usr/bin/env bash
# ONNX Runtime's ReduceMax and ReduceMin keep a NaN only if it is the first element of the reduced axis.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 onnx-proto@8.0.1
cat > see.mjs <<'JS'
import proto from 'onnx-proto';
import * as ort from 'onnxruntime-node';

const { ModelProto } = proto.onnx;
const value = (name, elemType) => ({ name, type: { tensorType: { elemType } } });
async function reduce(opType, values) {
  const bytes = ModelProto.encode(
    ModelProto.fromObject({
      irVersion: 8,
      opsetImport: [{ domain: '', version: 18 }],
      graph: {
        name: 'g',
        node: [
          { opType, input: ['x'], output: ['y'], attribute: [{ name: 'keepdims', type: 'INT', i: 0 }] },
        ],
        input: [value('x', 1)],
        output: [value('y', 1)],
      },
    }),
  ).finish();
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const x = new ort.Tensor('float32', Float32Array.from(values), [values.length]);
  return (await session.run({ x })).y.data[0];
}

console.log(`onnxruntime-node ${ort.env.versions.node}, CPU`);
let changed = false;
for (const opType of ['ReduceMax', 'ReduceMin']) {
  for (const [values, seen] of [
    [[NaN, 1, 2, 3], NaN],
    [[2, NaN, 2, 2], 2],
    [[2, 2, 2, NaN], 2],
  ]) {
    const got = await reduce(opType, values);
    console.log(`${opType} of [${values.join(', ')}] is ${got}`);
    changed ||= !Object.is(got, seen);
  }
}
console.log('A NaN survives only as the first element. NumPy and PyTorch give NaN in all three places.');
process.exit(changed ? 1 : 0);
JS
node see.mjs

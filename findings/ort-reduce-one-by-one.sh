#!/usr/bin/env bash
# Along an axis, ONNX Runtime's ReduceSumSquare, ReduceL1, ReduceL2 and ReduceLogSumExp add one element after another in float32.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 onnx-proto@8.0.1
cat > see.mjs <<'JS'
import proto from 'onnx-proto';
import * as ort from 'onnxruntime-node';

const { ModelProto } = proto.onnx;
const value = (name, elemType) => ({ name, type: { tensorType: { elemType } } });
/** The result for a tensor of shape [1, length], reduced over its last axis. */
async function reduce(opType, values) {
  const bytes = ModelProto.encode(
    ModelProto.fromObject({
      irVersion: 8,
      opsetImport: [{ domain: '', version: 18 }],
      graph: {
        name: 'g',
        node: [
          { opType, input: ['x', 'axes'], output: ['y'], attribute: [{ name: 'keepdims', type: 'INT', i: 0 }] },
        ],
        initializer: [{ name: 'axes', dataType: 7, dims: [1], int64Data: [1] }],
        input: [value('x', 1)],
        output: [value('y', 1)],
      },
    }),
  ).finish();
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const x = new ort.Tensor('float32', values, [1, values.length]);
  return (await session.run({ x })).y.data[0];
}

console.log(`onnxruntime-node ${ort.env.versions.node}, CPU`);
const count = 17_000_000;
const ones = new Float32Array(count).fill(1);
let changed = false;
for (const [opType, right, seen] of [
  ['ReduceSum', count, count],
  ['ReduceSumSquare', count, 2 ** 24],
  ['ReduceL1', count, 2 ** 24],
  ['ReduceL2', Math.sqrt(count), 2 ** 12],
]) {
  const got = await reduce(opType, ones);
  console.log(`${opType} of ${count} ones is ${got}, expected ${right}`);
  changed ||= got !== seen;
}

const zeros = new Float32Array(count);
console.log(`ReduceLogSumExp of ${count} zeros is ${await reduce('ReduceLogSumExp', zeros)}, expected ${Math.log(count)}`);

const random = Float32Array.from({ length: 2 ** 24 }, Math.random);
const squares = random.reduce((sum, x) => sum + x * x, 0);
const got = await reduce('ReduceSumSquare', random);
console.log(`ReduceSumSquare of 2^24 random numbers is off by ${((got / squares - 1) * 100).toFixed(1)} %`);
const sum = await reduce('ReduceSum', random.map((x) => x * x));
console.log(`ReduceSum of their squares is off by ${((sum / squares - 1) * 100).toFixed(4)} %`);
changed ||= Math.abs(got / squares - 1) < 0.005;
process.exit(changed ? 1 : 0);
JS
node see.mjs

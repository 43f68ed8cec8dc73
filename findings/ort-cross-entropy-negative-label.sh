#!/usr/bin/env bash
# ONNX Runtime's SoftmaxCrossEntropyLoss accepts negative labels, and counts them from the last class.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 onnx-proto@8.0.1
cat > see.mjs <<'JS'
import proto from 'onnx-proto';
import * as ort from 'onnxruntime-node';

const { ModelProto } = proto.onnx;
const value = (name, elemType) => ({ name, type: { tensorType: { elemType } } });
const bytes = ModelProto.encode(
  ModelProto.fromObject({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 13 }],
    graph: {
      name: 'g',
      node: [{ opType: 'SoftmaxCrossEntropyLoss', input: ['scores', 'labels'], output: ['loss'] }],
      input: [value('scores', 1), value('labels', 7)],
      output: [value('loss', 1)],
    },
  }),
).finish();
const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
const loss = async (label) =>
  (
    await session.run({
      scores: new ort.Tensor('float32', Float32Array.of(1, 2, 4), [1, 3]),
      labels: new ort.Tensor('int64', BigInt64Array.of(BigInt(label)), [1]),
    })
  ).loss.data[0];

console.log(`onnxruntime-node ${ort.env.versions.node}, CPU: scores 1, 2, 4`);
const [first, last, minusOne, minusThree] = await Promise.all([0, 2, -1, -3].map(loss));
console.log(`label 0: ${first}, label 2: ${last}, label -1: ${minusOne}, label -3: ${minusThree}`);
console.log('A label of -1 that means "no class" trains the last class. PyTorch refuses -1; by default it ignores only -100.');
process.exit(minusOne === last && minusThree === first ? 0 : 1);
JS
node see.mjs

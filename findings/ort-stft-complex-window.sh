#!/usr/bin/env bash
# ONNX Runtime's STFT of a complex signal reads the real window in pairs: even a window of ones changes the result.
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
        opType: 'STFT',
        input: ['signal', 'step', 'window'],
        output: ['y'],
        attribute: [{ name: 'onesided', type: 'INT', i: 0 }],
      },
    ],
    input: [value('signal', 1), value('step', 7), value('window', 1)],
    output: [value('y', 1)],
  }),
  { logSeverityLevel: 4 },
);
const stft = async (values, depth) => {
  const { y } = await session.run({
    signal: new ort.Tensor('float32', Float32Array.from(values), [1, 4, depth]),
    step: new ort.Tensor('int64', BigInt64Array.of(4n), []),
    window: new ort.Tensor('float32', Float32Array.of(1, 1, 1, 1), [4]),
  });
  return [...y.data].map((number) => Math.round(number));
};
const real = await stft([1, 2, 3, 4], 1);
const complex = await stft([1, 0, 2, 0, 3, 0, 4, 0], 2);
console.log(`onnxruntime-node ${ort.env.versions.node}, CPU: one frame of 1, 2, 3, 4 under a window of ones`);
console.log(`as a real signal:                          ${real.join(' ')}`);
console.log(`as a complex signal with imaginary part 0: ${complex.join(' ')}`);
console.log('Both should be 10 0 -2 2 -2 0 -2 -2: the discrete Fourier transform as pairs of a real and an imaginary part.');
process.exit(real[0] === 10 && complex[0] !== 10 ? 0 : 1);
JS
node see.mjs 2>/dev/null

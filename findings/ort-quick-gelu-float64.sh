#!/usr/bin/env bash
# ONNX Runtime fuses x · sigmoid(x) into QuickGelu in float64 too. QuickGelu has no float64 kernel, so a valid model
# does not load.
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

/** Loads x · sigmoid(x) and runs it; gives the value at 1, or the runtime's complaint. */
async function load(elemType, name, Typed, graphOptimizationLevel) {
  const bytes = model({
    node: [
      { opType: 'Sigmoid', input: ['x'], output: ['s'] },
      { opType: 'Mul', input: ['x', 's'], output: ['y'] },
    ],
    input: [value('x', elemType)],
    output: [value('y', elemType)],
  });
  try {
    const session = await ort.InferenceSession.create(bytes, { graphOptimizationLevel, logSeverityLevel: 4 });
    const { y } = await session.run({ x: new ort.Tensor(name, Typed.of(1), [1]) });
    return y.data[0].toFixed(6);
  } catch (error) {
    return String(error).includes('Failed to find kernel for com.microsoft.QuickGelu') ? 'no kernel for QuickGelu' : String(error);
  }
}
console.log(`onnxruntime-node ${ort.env.versions.node}, CPU: x · sigmoid(x) at 1`);
const seen = [
  ['float32', 'all', await load(1, 'float32', Float32Array, 'all')],
  ['float64', 'basic', await load(11, 'float64', Float64Array, 'basic')],
  ['float64', 'all', await load(11, 'float64', Float64Array, 'all')],
];
for (const [type, level, result] of seen) console.log(`${type}, optimization level ${level}: ${result}`);
console.log('The default level is all. There the fusion replaces two kernels that support float64 by one that does not.');
process.exit(seen.map(([, , result]) => result).join() === '0.731059,0.731059,no kernel for QuickGelu' ? 0 : 1);
JS
node see.mjs 2>/dev/null

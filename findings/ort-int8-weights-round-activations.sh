#!/usr/bin/env bash
# A MatMul with int8 weights behind DequantizeLinear is fused by ONNX Runtime into a product that also rounds the float
# activations to int8. So the product of a model whose weights alone are quantized is about 0.4 % off.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 onnx-proto@8.0.1
cat > see.mjs <<'JS'
import proto from 'onnx-proto';
import * as ort from 'onnxruntime-node';

const { ModelProto } = proto.onnx;
const [rows, inputs, outputs] = [7, 256, 128];
// Numbers in [-1, 1) from a linear congruential generator.
const draw = (length, seed) =>
  Float32Array.from({ length }, () => {
    seed = (1664525 * seed + 1013904223) % 2 ** 32;
    return seed / 2 ** 31 - 1;
  });
const value = (name, elemType, dims) => ({
  name,
  type: { tensorType: { elemType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
});
const weights = Int8Array.from(draw(inputs * outputs, 1), (w) => Math.round(127 * w));
const scales = draw(outputs, 2).map((s) => 0.01 + 0.001 * s);
const bytes = (array) => new Uint8Array(array.buffer);
const model = ModelProto.encode(
  ModelProto.fromObject({
    irVersion: 10,
    opsetImport: [{ domain: '', version: 21 }],
    graph: {
      name: 'g',
      node: [
        {
          opType: 'DequantizeLinear',
          input: ['weights', 'scales'],
          output: ['w'],
          attribute: [{ name: 'axis', type: 2, i: 1 }],
        },
        { opType: 'MatMul', input: ['x', 'w'], output: ['y'] },
      ],
      initializer: [
        { name: 'weights', dataType: 3, dims: [inputs, outputs], rawData: bytes(weights) },
        { name: 'scales', dataType: 1, dims: [outputs], rawData: bytes(scales) },
      ],
      input: [value('x', 1, [rows, inputs])],
      output: [value('y', 1, [rows, outputs])],
    },
  }),
).finish();

const x = draw(rows * inputs, 3);
const exact = Float64Array.from({ length: rows * outputs }, (_, at) => {
  const [row, column] = [Math.floor(at / outputs), at % outputs];
  let sum = 0;
  for (let k = 0; k < inputs; k++) sum += x[row * inputs + k] * weights[k * outputs + column] * scales[column];
  return sum;
});
const errorOf = async (options) => {
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 4, ...options });
  const { y } = await session.run({ x: new ort.Tensor('float32', x, [rows, inputs]) });
  const norm = (of) => Math.sqrt(of.reduce((sum, v) => sum + v * v, 0));
  return norm(exact.map((v, i) => v - y.data[i])) / norm(exact);
};
console.log(`onnxruntime-node ${ort.env.versions.node}, CPU: float32 [7, 256] times int8 weights [256, 128]`);
const seen = {
  'default options': await errorOf({}),
  'no optimization': await errorOf({ graphOptimizationLevel: 'disabled' }),
  'qdq_matmulnbits_accuracy_level 1': await errorOf({
    extra: { session: { qdq_matmulnbits_accuracy_level: '1' } },
  }),
};
for (const [name, error] of Object.entries(seen)) console.log(`${name}: relative error ${error.toExponential(1)}`);
const [byDefault, ...others] = Object.values(seen);
process.exit(byDefault > 1e-3 && others.every((error) => error < 1e-5) ? 0 : 1);
JS
node see.mjs 2>/dev/null

#!/usr/bin/env bash
# ONNX Runtime casts floats beyond the range of an integer differently in Node and in the browser: -1 as uint8 is 255
# in Node and 0 in the browser.
set -euo pipefail
cd "$(mktemp -d)"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 onnxruntime-web@1.30.0 onnx-proto@8.0.1
cat > see.mjs <<'JS'
import proto from 'onnx-proto';
import * as native from 'onnxruntime-node';
import * as wasm from 'onnxruntime-web';

wasm.env.wasm.numThreads = 1;
const { ModelProto } = proto.onnx;
const value = (name, elemType) => ({ name, type: { tensorType: { elemType } } });
const cast = (name, type) => ({
  opType: 'Cast',
  input: ['x'],
  output: [name],
  attribute: [{ name: 'to', type: 'INT', i: type }],
});
const bytes = ModelProto.encode(
  ModelProto.fromObject({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      name: 'g',
      node: [cast('uint8', 2), cast('int32', 6)],
      input: [value('x', 1)],
      output: [value('uint8', 2), value('int32', 6)],
    },
  }),
).finish();
const values = [-1, -0.5, 300, 1e10, Number.NaN];
const answers = async (ort) => {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const x = new ort.Tensor('float32', Float32Array.from(values), [values.length]);
  const { uint8, int32 } = await session.run({ x });
  return { uint8: uint8.data.join(', '), int32: int32.data.join(', ') };
};
const [here, there] = [await answers(native), await answers(wasm)];
console.log(`ONNX Runtime 1.30.0, Cast of ${values.join(', ')}`);
for (const type of ['uint8', 'int32'])
  console.log(`to ${type}: onnxruntime-node ${here[type]}; onnxruntime-web (WASM) ${there[type]}`);
process.exit(here.uint8.startsWith('255') && there.uint8.startsWith('0') && here.int32 !== there.int32 ? 0 : 1);
JS
node see.mjs

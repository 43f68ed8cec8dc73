// A training loop with onnxruntime-node alone, without this repository, as it could be written in another language.
// Arguments: the folder with step.onnx and start.onnx, and the number of steps.
import { writeFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';

const [folder, steps] = process.argv.slice(2);
const step = await ort.InferenceSession.create(`${folder}/step.onnx`);
const start = await ort.InferenceSession.create(`${folder}/start.onnx`);

let state = { ...(await start.run({})) };
const losses = [];
for (let i = 0; i < Number(steps); i++) {
  const input = Float32Array.from({ length: 32 }, (_, j) => Math.sin(i * 12.9898 + j * 78.233));
  const target = BigInt64Array.from({ length: 4 }, (_, j) => BigInt((i + j) % 3));
  const results = await step.run({
    input: new ort.Tensor('float32', input, [4, 8]),
    target: new ort.Tensor('int64', target, [4]),
    lr: new ort.Tensor('float32', [0.05], []),
    momentum: new ort.Tensor('float32', [0.9], []),
    ...state,
  });
  losses.push(results.loss.data[0]);
  state = Object.fromEntries(Object.keys(state).map((name) => [name, results[`next.${name}`]]));
}
for (const [name, { data }] of Object.entries(state)) writeFileSync(`${folder}/${name}`, data);
writeFileSync(`${folder}/losses.json`, JSON.stringify(losses));

// Runs in every runtime that loads Node's add-ons: trains a small net in ONNX Runtime.
import { adam, constant, train } from '@clr/core';
import { buildModel, createTrainer } from '@clr/onnx';
import * as ort from 'onnxruntime-node';

const points = Float32Array.from({ length: 512 }, (_, i) => Math.sin(i * i));
const inside = BigInt64Array.from({ length: 256 }, (_, i) =>
  BigInt(Math.hypot(points[2 * i], points[2 * i + 1]) < 0.8),
);
const batch = {
  input: new ort.Tensor('float32', points, [256, 2]),
  target: new ort.Tensor('int64', inside, [256]),
};
const layers = [{ type: 'dense', units: 32 }, { type: 'relu' }, { type: 'dense', units: 2 }];
const model = buildModel({ input: [2], layers, seed: 1 });
const trainer = await createTrainer(ort, model, { loss: 'crossEntropy', optimizer: adam() });
const run = await train(trainer, [batch], {
  policy: constant({ lr: 0.01 }),
  steps: 100,
  validation: [batch],
});
await trainer.dispose();
console.log(`accuracy ${run.final.accuracy}`);

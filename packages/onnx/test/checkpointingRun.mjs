// A run that writes a checkpoint after every step, and continues from a checkpoint that it finds. It uses the built
// package. Arguments: the model, the number of steps, and the checkpoint's path (without it, nothing is written).
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { loadCheckpoint, saveCheckpoint } from '@clr/checkpoint/node';
import { adam, toSchedule, triangular } from '@clr/core';
import { createTrainer } from '@clr/onnx';
import * as ort from 'onnxruntime-node';

const [model, steps, path] = process.argv.slice(2);
const schedule = toSchedule(triangular({ baseLr: 1e-4, maxLr: 1e-2, stepSize: 50 }));
const trainer = await createTrainer(ort, new Uint8Array(readFileSync(model)), {
  loss: 'crossEntropy',
  optimizer: adam(),
  session: { intraOpNumThreads: 1 },
});

/** The batch of a step: the same in every process. */
function batchOf(step) {
  const input = Float32Array.from({ length: 32 }, (_, i) => Math.sin(step * 12.9898 + i * 78.233));
  const target = BigInt64Array.from({ length: 4 }, (_, i) => BigInt((step + i) % 3));
  return { input: new ort.Tensor('float32', input, [4, 8]), target: new ort.Tensor('int64', target, [4]) };
}

const checkpoint = path && (await loadCheckpoint(path));
if (checkpoint) await trainer.restore(checkpoint.snapshot);
process.send('running');
for (let step = checkpoint?.step ?? 0; step < Number(steps); step++) {
  await trainer.trainStep(batchOf(step), { lr: schedule.lr(step) });
  if (path) await saveCheckpoint(path, { step: step + 1, snapshot: await trainer.snapshot() });
}
const { state } = await trainer.snapshot();
await trainer.dispose();
const hash = createHash('sha256');
for (const [name, data] of Object.entries(state)) hash.update(name).update(data);
process.send(hash.digest('hex'));
process.disconnect();

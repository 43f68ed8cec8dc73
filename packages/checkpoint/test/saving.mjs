// Saves checkpoints forever. Every weight of a checkpoint is its step.
import { saveCheckpoint } from '../dist/node/index.js';

const [, , path] = process.argv;
for (let step = 1; ; step++) {
  await saveCheckpoint(path, { step, snapshot: { weights: new Float32Array(50_000).fill(step) } });
  if (step === 1) process.send('saved');
}

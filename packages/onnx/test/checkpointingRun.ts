// A run that writes a checkpoint after every step and goes on from the one it finds.
// Arguments: path of the checkpoint, number of steps, width of the model.
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { adam, toSchedule, triangular } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { loadCheckpoint, saveCheckpoint } from '../src/checkpoint/index.ts';
import { createTrainer } from '../src/index.ts';
import { smallBatch, smallModel } from './smallModel.ts';

/** Trains from wherever the checkpoint stands; gives the hash of the whole state at the end. */
export async function run(path: string | undefined, steps: number, width: number): Promise<string> {
  const schedule = toSchedule(triangular({ baseLr: 1e-4, maxLr: 1e-2, stepSize: 50 }));
  const trainer = await createTrainer(ort, smallModel(width), {
    loss: 'crossEntropy',
    optimizer: adam(),
    session: { intraOpNumThreads: 1 },
  });
  const checkpoint = path === undefined ? undefined : await loadCheckpoint(path);
  if (checkpoint) await trainer.restore(checkpoint.snapshot);
  for (let step = checkpoint?.step ?? 0; step < steps; step++) {
    await trainer.trainStep(smallBatch(step), { lr: schedule.lr(step) });
    if (path !== undefined)
      await saveCheckpoint(path, { step: step + 1, snapshot: await trainer.snapshot() });
    if (step === (checkpoint?.step ?? 0)) process.send?.('running');
  }
  const { state } = await trainer.snapshot();
  await trainer.dispose();
  const hash = createHash('sha256');
  for (const [name, data] of Object.entries(state)) hash.update(name).update(data);
  return hash.digest('hex');
}

const [file, path, steps, width] = process.argv.slice(1);
if (file === fileURLToPath(import.meta.url)) process.send?.(await run(path, Number(steps), Number(width)));

// Checks whether memory stays flat over many steps, and over many trainers that are created and disposed of.
//   node --expose-gc --import tsx scripts/memory.ts 10000
import { adam } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { createTrainer, type OnnxTrainer } from '../src/index.ts';
import { smallBatch, smallModel } from '../test/smallModel.ts';

/** The process's resident memory and JavaScript's heap in megabytes, after a garbage collection. */
function memory(): { rss: number; heap: number } {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { rss: rss / 2 ** 20, heap: heapUsed / 2 ** 20 };
}

const width = 4096;
const make = (): Promise<OnnxTrainer> =>
  createTrainer(ort, smallModel(width), { loss: 'crossEntropy', optimizer: adam() });

async function steps(trainer: OnnxTrainer, from: number, to: number): Promise<void> {
  for (let step = from; step < to; step++) {
    await trainer.trainStep(smallBatch(step), { lr: 1e-4 });
    if (step % 100 === 99) {
      await trainer.evaluate([smallBatch(step)]);
      await trainer.restore(await trainer.snapshot());
    }
  }
}

/** Creates a trainer, uses all its sessions and disposes of it. */
async function life(): Promise<void> {
  const trainer = await make();
  await trainer.trainStep(smallBatch(0), { lr: 1e-4 });
  await trainer.gradients(smallBatch(0));
  await trainer.evaluate([smallBatch(0)]);
  await trainer.dispose();
}

const total = Number(process.argv[2] ?? 10_000);
const trainer = await make();
await steps(trainer, 0, total / 5);
const early = memory();
await steps(trainer, total / 5, total);
const late = memory();
await trainer.dispose();

const lives = Math.max(20, total / 100);
for (let i = 0; i < lives / 5; i++) await life();
const few = memory();
for (let i = lives / 5; i < lives; i++) await life();
const many = memory();

const grown = (before: { rss: number; heap: number }, after: { rss: number; heap: number }) => ({
  rss: after.rss - before.rss,
  heap: after.heap - before.heap,
});
const result = { steps: total, overSteps: grown(early, late), lives, overLives: grown(few, many), at: late };
if (process.send) process.send(result);
else console.log(result);

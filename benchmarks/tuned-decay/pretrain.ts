/**
 * Trains the nets for the fine-tuning settings on the digits 0 to 4 for 600 steps, and writes them. The files are kept
 * in git.
 *
 * npx tsx tuned-decay/pretrain.ts
 */
import { existsSync, writeFileSync } from 'node:fs';
import { decay, toSchedule } from '@clr/core';
import { seeds, settings } from './settings.ts';
import { createTask } from './task.ts';

const steps = 600;
const { lr } = toSchedule(decay({ maxLr: 0.003, steps }));
const adam = settings.find(({ optimizerName }) => optimizerName === 'adam')!;
for (const net of ['convnet', 'layer-norm']) {
  for (const seed of seeds) {
    const file = new URL(`./models/${net}-trained-${seed}.onnx`, import.meta.url);
    if (existsSync(file)) continue;
    const task = await createTask({ ...adam, net, data: 'mnist-0-4', start: 'scratch', batch: 32 }, seed);
    const batches = task.batches(7);
    for (let step = 0; step < steps; step++) {
      await task.trainer.trainStep(batches.next().value, { lr: lr(step) });
    }
    const { accuracy } = await task.trainer.evaluate(task.test);
    writeFileSync(file, await task.trainer.exportModel());
    await task.trainer.dispose();
    console.log(net, seed, accuracy);
  }
}

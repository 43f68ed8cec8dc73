/**
 * Trains every setting and seed for a few steps at constant rates, powers of two below the edge of its sweep:
 * what a second stage of the range test could go by. Nothing in core does: docs/adr/0006 says why.
 * Writes traces/trials/<setting>.json and leaves settings alone that have one.
 *
 * npx tsx range-test/trials.ts [--only name] [--seconds 240]
 */
import { parseArgs } from 'node:util';
import { edgeOf } from './edge.ts';
import { type Setting, seeds, settings } from './settings.ts';
import { readSweeps, readTrials, type StoredTrial, writeTrials } from './store.ts';
import { rounded, sweeps } from './sweeps.ts';
import { createTask } from './task.ts';

const rates = 10;
const steps = 150;

async function measure(setting: Setting): Promise<StoredTrial[]> {
  const edges = readSweeps(setting.name)
    .filter((one) => one.sweep === 'clr-200' && !one.randomLabels)
    .map((one) => edgeOf(sweeps['clr-200'], one));
  const top = Math.ceil(Math.log2(Math.max(...edges)));
  const trials: StoredTrial[] = [];
  for (const seed of seeds) {
    const { trainer, batches } = await createTask(setting, seed);
    const snapshot = await trainer.snapshot();
    for (let power = top; power > top - rates; power--) {
      const source = batches(100 * seed);
      const loss: (number | null)[] = [];
      while (loss.length < steps && loss.at(-1) !== null) {
        const result = await trainer.trainStep(source.next().value, { lr: 2 ** power });
        loss.push(rounded(await result.loss, 4));
      }
      await trainer.restore(snapshot);
      trials.push({ seed, lr: 2 ** power, loss });
    }
    await trainer.dispose();
  }
  return trials;
}

const { values } = parseArgs({ options: { only: { type: 'string' }, seconds: { type: 'string' } } });
const until = Date.now() + 1000 * Number(values.seconds ?? Number.POSITIVE_INFINITY);
for (const setting of settings) {
  if (!setting.name.includes(values.only ?? '') || readTrials(setting.name).length > 0) continue;
  if (Date.now() > until) break;
  const began = Date.now();
  writeTrials(setting.name, await measure(setting));
  console.log(`${setting.name}: ${((Date.now() - began) / 1000).toFixed(0)} s`);
}

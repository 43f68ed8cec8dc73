/**
 * Runs core's range test as it runs where no rates are given, for every setting and seed, and keeps its
 * traces in traces/adaptive/<setting>.json; settings that have one are left alone.
 *
 * npx tsx range-test/adaptive.ts [--only name] [--seconds 240]
 */
import { parseArgs } from 'node:util';
import { rangeTest } from '@clr/core';
import { randomLabelled, type Setting, seeds, settings } from './settings.ts';
import { pack, readAdaptive, type StoredAdaptive, writeAdaptive } from './store.ts';
import { createTask } from './task.ts';

async function measure(setting: Setting): Promise<StoredAdaptive[]> {
  const stored: StoredAdaptive[] = [];
  for (const randomLabels of randomLabelled.has(setting.name) ? [false, true] : [false]) {
    for (const seed of seeds) {
      const { trainer, batches } = await createTask(setting, seed, { randomLabels });
      for (const steps of [200, 400]) {
        const trace = await rangeTest(trainer, () => batches(100 * seed), { steps });
        stored.push({ seed, steps, ...(randomLabels && { randomLabels }), ...pack(trace) });
      }
      await trainer.dispose();
    }
  }
  return stored;
}

const { values } = parseArgs({ options: { only: { type: 'string' }, seconds: { type: 'string' } } });
const until = Date.now() + 1000 * Number(values.seconds ?? Number.POSITIVE_INFINITY);
for (const setting of settings) {
  if (!setting.name.includes(values.only ?? '') || readAdaptive(setting.name).length > 0) continue;
  if (Date.now() > until) break;
  const began = Date.now();
  writeAdaptive(setting.name, await measure(setting));
  console.log(`${setting.name}: ${((Date.now() - began) / 1000).toFixed(0)} s`);
}

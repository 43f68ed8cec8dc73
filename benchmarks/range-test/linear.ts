/**
 * Records the paper's linear sweep, from 0 to twice the largest stable rate, for every setting, with evaluations on the
 * validation data. Writes traces/linear.json and skips settings that it holds.
 *
 * npx tsx range-test/linear.ts [--only name]
 */
import { parseArgs } from 'node:util';
import { settings } from './settings.ts';
import { readLinear, readTruths, type StoredLinear, writeLinear } from './store.ts';
import { paperSweep, rounded } from './sweeps.ts';
import { createTask } from './task.ts';
import { verdictOf } from './truth.ts';

/** Runs the sweep to its end, or to its first loss that is not finite. */
async function record(name: string, seed: number): Promise<StoredLinear> {
  const setting = settings.find((one) => one.name === name)!;
  const truth = readTruths().find((one) => one.setting === name)!;
  const sweep = paperSweep(rounded(2 * verdictOf(truth).largestStable)!);
  const { trainer, batches, validation } = await createTask(setting, seed);
  const source = batches(100 * seed);
  const loss: (number | null)[] = [];
  const accuracy: (number | null)[] = [];
  const held: Pick<StoredLinear, 'loss' | 'accuracy'>[] = [];
  const metrics = (of: { readonly loss: number; readonly accuracy?: number }) =>
    [rounded(of.loss, 5), rounded(of.accuracy ?? Number.NaN, 4)] as const;
  for (let step = 0; step < sweep.steps && loss.at(-1) !== null; step++) {
    const result = await trainer.trainStep(source.next().value, { lr: sweep.lr(step) });
    const [here, right] = metrics({
      loss: await result.loss,
      accuracy: (await result.accuracy) ?? Number.NaN,
    });
    loss.push(here);
    accuracy.push(right);
    if ((step + 1) % 20 !== 0 || here === null) continue;
    const [later, share] = metrics(await trainer.evaluate(validation));
    held.push({ loss: [later], accuracy: [share] });
  }
  await trainer.dispose();
  return {
    ...{ setting: name, seed, endLr: sweep.endLr, loss, accuracy },
    validation: { loss: held.map((one) => one.loss[0]!), accuracy: held.map((one) => one.accuracy[0]!) },
  };
}

const { values } = parseArgs({ options: { only: { type: 'string' } } });
for (const { name } of settings) {
  const stored = readLinear();
  if (!name.includes(values.only ?? '') || stored.some(({ setting }) => setting === name)) continue;
  const began = Date.now();
  writeLinear([...stored, await record(name, 1)]);
  console.log(`${name}: ${((Date.now() - began) / 1000).toFixed(0)} s`);
}

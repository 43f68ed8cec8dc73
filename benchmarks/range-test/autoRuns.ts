/**
 * `autoClr` from start to end for every setting and seed: no rate chosen by hand, judged by the accuracy at the end of its
 * training (not at its best trough, which it picks on the validation data), beside the best fixed rate of the grid.
 * Appends to traces/auto.jsonl, one line a run, goes on where it was stopped, and prints the comparison.
 *
 * npx tsx range-test/autoRuns.ts [--held-out] [--only name] [--print]
 */
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type AutoClrResult, autoClr } from '@clr/core';
import { loadProblem } from './data.ts';
import { type Setting, seeds, settings } from './settings.ts';
import { readLines, readTruths } from './store.ts';
import { createTask } from './task.ts';
import { verdictOf } from './truth.ts';

interface AutoRun {
  readonly setting: string;
  readonly seed: number;
  /** `null` where the range test was refused. */
  readonly accuracy: number | null;
  readonly cost: AutoClrResult['cost'];
}

const path = new URL('./traces/auto.jsonl', import.meta.url);
const { values } = parseArgs({
  options: {
    'held-out': { type: 'boolean' },
    only: { type: 'string', default: '' },
    print: { type: 'boolean' },
  },
});

async function run(setting: Setting, seed: number): Promise<AutoRun> {
  const { trainer, batches, validation } = await createTask(setting, seed);
  const { train } = await loadProblem(setting.data);
  const stepsPerEpoch = Math.floor(train.count / setting.batch);
  const epoch = function* (index: number) {
    const source = batches(1000 * seed + index);
    for (let step = 0; step < stepsPerEpoch; step++) yield source.next().value;
  };
  const result = await autoClr(trainer, epoch, { steps: setting.budget, stepsPerEpoch, validation });
  await trainer.dispose();
  return {
    setting: setting.name,
    seed,
    accuracy: result.run?.final?.accuracy ?? null,
    cost: result.cost,
  };
}

const known = readLines<AutoRun>(path);
const gains: number[] = [];
const costs: number[] = [];
for (const truth of readTruths()) {
  if (truth.heldOut !== (values['held-out'] === true) || !truth.setting.includes(values.only)) continue;
  const setting = settings.find(({ name }) => name === truth.setting)!;
  const best = verdictOf(truth).best.seeds;
  const shown: string[] = [];
  for (const [i, seed] of seeds.entries()) {
    let found = known.find((one) => one.setting === truth.setting && one.seed === seed);
    if (!found && values.print) continue;
    if (!found) {
      found = await run(setting, seed);
      appendFileSync(path, `${JSON.stringify(found)}\n`);
    }
    const gain = found.accuracy === null ? Number.NaN : 100 * (found.accuracy - best[i]!);
    gains.push(gain);
    costs.push((found.cost.rangeTest + found.cost.verdict) / truth.budget);
    shown.push(found.accuracy === null ? 'refused' : gain.toFixed(1));
  }
  console.log(`${truth.setting}: ${shown.join(', ')}`);
}
const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
const good = gains.filter((gain) => gain >= -0.5);
console.log(
  `${good.length} of ${gains.length} runs reach the best fixed rate's accuracy less 0.5 points; ` +
    `${mean(gains.filter(Number.isFinite)).toFixed(1)} points above it on average; ` +
    `the range test took ${(100 * mean(costs)).toFixed(0)} % of the budget`,
);

/**
 * Trains what the scores stand on: the sweeps of every library and a grid of fixed rates, for every setting
 * and seed. Writes one JSON line a result into .cache/range-test/results.jsonl and goes on from there when
 * it is started again; `collect.ts` turns the lines into what is kept.
 *
 * npx tsx range-test/measure.ts [--workers 2] [--only name]
 */
import { fork } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { edgeOf } from './edge.ts';
import { type FixedRun, trainFixed } from './fixedRun.ts';
import { randomLabelled, type Setting, seeds, settings } from './settings.ts';
import { readLines } from './store.ts';
import { linearSweep, runSweep, type Sweep, type SweepRecord, sweeps } from './sweeps.ts';
import { createTask, type Task } from './task.ts';

/** One line of the results. */
export type Result = { readonly setting: string; readonly seed: number } & (
  | ({ readonly kind: 'sweep' } & SweepRecord)
  | ({ readonly kind: 'random-labels' } & SweepRecord)
  | ({ readonly kind: 'fixed' } & FixedRun)
);

export const resultsPath: string = fileURLToPath(
  new URL('../../.cache/range-test/results.jsonl', import.meta.url),
);

export const readResults = (): Result[] => readLines<Result>(resultsPath);

const gridSize = 12;

/** Everything of one setting that is not there yet. */
async function measure(setting: Setting): Promise<void> {
  const results = readResults().filter((result) => result.setting === setting.name);
  const add = (result: Result): void => {
    results.push(result);
    appendFileSync(resultsPath, `${JSON.stringify(result)}\n`);
  };
  const tasks = new Map<number, Task>();
  const taskOf = async (seed: number): Promise<Task> => {
    if (!tasks.has(seed)) tasks.set(seed, await createTask(setting, seed));
    return tasks.get(seed)!;
  };
  const sweep = async (seed: number, plan: Sweep, order: number): Promise<void> => {
    const done = results.some(
      (one) => one.kind === 'sweep' && one.seed === seed && one.sweep === plan.name && one.order === order,
    );
    if (done) return;
    const { trainer, batches } = await taskOf(seed);
    const record = await runSweep(trainer, batches(order), plan);
    const { name, spacing, endLr } = plan;
    const end = spacing === 'linear' ? { endLr } : {};
    add({ setting: setting.name, seed, kind: 'sweep', sweep: name, order, ...end, ...record });
  };
  const edge = (seed: number): number =>
    edgeOf(
      sweeps['clr-200'],
      results.find(
        (one) => one.kind === 'sweep' && one.seed === seed && one.sweep === 'clr-200',
      ) as SweepRecord,
    );

  for (const seed of seeds) {
    for (const plan of Object.values(sweeps)) await sweep(seed, plan, 100 * seed);
    for (const order of [1, 2]) await sweep(seed, sweeps['clr-200'], 100 * seed + order);
    await sweep(seed, linearSweep(edge(seed)), 100 * seed);
  }

  const runs = (): FixedRun[] => results.flatMap((one) => (one.kind === 'fixed' ? [one] : []));
  const fixed = async (power: number): Promise<void> => {
    for (const seed of seeds) {
      const lr = 2 ** power;
      if (results.some((one) => one.kind === 'fixed' && one.seed === seed && one.lr === lr)) continue;
      const run = await trainFixed(await taskOf(seed), { lr, steps: setting.budget, order: 100 * seed + 50 });
      add({ setting: setting.name, seed, kind: 'fixed', ...run });
    }
  };
  const top = Math.ceil(Math.log2(Math.max(...seeds.map(edge)))) + 1;
  const powers = (): number[] => [...new Set(runs().map(({ lr }) => Math.log2(lr)))].sort((a, b) => a - b);
  const meanAt = (power: number): number => {
    const here = runs().filter(({ lr }) => lr === 2 ** power);
    return here.reduce((sum, { accuracy }) => sum + accuracy, 0) / here.length;
  };
  const best = (): number => powers().reduce((a, b) => (meanAt(b) > meanAt(a) ? b : a));
  // Far below the best every further rate only costs time.
  const useless = (): boolean =>
    powers().length > 8 &&
    powers()
      .slice(0, 2)
      .every((power) => meanAt(power) < meanAt(best()) - 0.08);
  for (let power = top; power > top - gridSize && !useless(); power--) await fixed(power);
  // The best rate must not stand at the rim, nor the largest be a stable one.
  for (let i = 0; i < 4 && best() <= powers()[1]!; i++) await fixed(powers()[0]! - 1);
  for (let i = 0; i < 4; i++) {
    const last = powers().at(-1)!;
    if (runs().some((run) => run.lr === 2 ** last && !run.stable)) break;
    await fixed(last + 1);
  }
  for (const { trainer } of tasks.values()) await trainer.dispose();
}

async function measureRandomLabels(setting: Setting): Promise<void> {
  if (!randomLabelled.has(setting.name)) return;
  for (const seed of seeds) {
    if (
      readResults().some(
        (one) => one.kind === 'random-labels' && one.setting === setting.name && one.seed === seed,
      )
    ) {
      continue;
    }
    const { trainer, batches } = await createTask(setting, seed, { randomLabels: true });
    const record = await runSweep(trainer, batches(100 * seed), sweeps['clr-200']);
    const result: Result = {
      setting: setting.name,
      seed,
      kind: 'random-labels',
      sweep: 'clr-200',
      order: 100 * seed,
      ...record,
    };
    appendFileSync(resultsPath, `${JSON.stringify(result)}\n`);
    await trainer.dispose();
  }
}

async function worker(): Promise<void> {
  process.on('message', async (name: string) => {
    const setting = settings.find((one) => one.name === name)!;
    const before = process.cpuUsage();
    await measure(setting);
    await measureRandomLabels(setting);
    const { user, system } = process.cpuUsage(before);
    process.send!(`${name}: ${((user + system) / 1e6).toFixed(0)} core-seconds`);
  });
  process.send!('ready');
}

/** The cheap nets first: whatever is done by a certain time is most of it. */
const byCost = [
  'tabular-mlp',
  'tabular-tanh',
  'deep',
  'mnist-mlp',
  'layer-norm',
  'transformer',
  'attention',
  'signal',
  'lenet',
  'batch-norm',
  'quick',
  'resnet',
  'mobile',
];

function order(): string[] {
  return [...settings].sort((a, b) => byCost.indexOf(a.net) - byCost.indexOf(b.net)).map(({ name }) => name);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { workers: { type: 'string' }, only: { type: 'string' } } });
  mkdirSync(fileURLToPath(new URL('.', `file://${resultsPath}`)), { recursive: true });
  const queue = order().filter((name) => name.includes(values.only ?? ''));
  for (let i = 0; i < Number(values.workers ?? 2); i++) {
    const child = fork(fileURLToPath(import.meta.url), ['--worker']);
    child.on('message', (line) => {
      if (line !== 'ready') console.log(line);
      const next = queue.shift();
      if (next) child.send(next);
      else child.disconnect();
    });
  }
}

if (process.argv[2] === '--worker') await worker();
else if (process.argv[1] === fileURLToPath(import.meta.url)) await main();

/**
 * Trains the runs that the tables need and that are still missing. Writes one line per run to runs/<setting>.jsonl.
 *
 * npx tsx tuned-decay/measure.ts --stage linear [--part long] [--only name] [--budget 1000] [--workers 2]
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runAuto } from './autoRuns.ts';
import { runPeers } from './peerRuns.ts';
import { type Setting, settings } from './settings.ts';
import { runSuggested } from './suggestedRuns.ts';
import { createTask, type Task } from './task.ts';
import { runRangeTests, type TaskOf, tuneConstants, tuneLinear, tuneShapes } from './tunedRuns.ts';

type Stage = (setting: Setting, taskOf: TaskOf) => Promise<void>;

const stages: Readonly<Record<string, Stage>> = {
  tests: runRangeTests,
  async linear(setting, taskOf) {
    await runRangeTests(setting, taskOf);
    await tuneLinear(setting, taskOf);
  },
  shapes: tuneShapes,
  constants: tuneConstants,
  suggested: runSuggested,
  peers: runPeers,
  auto: runAuto,
};

const { values } = parseArgs({
  options: {
    stage: { type: 'string', default: 'linear' },
    part: { type: 'string', default: 'development' },
    only: { type: 'string', default: '' },
    /** The largest budget, in steps. */
    budget: { type: 'string', default: '100000' },
    workers: { type: 'string', default: '2' },
    /** Starts with the last setting, so that a second process can work from the other end. */
    reverse: { type: 'boolean', default: false },
    worker: { type: 'boolean', default: false },
  },
});

async function measure(setting: Setting): Promise<void> {
  const tasks = new Map<number, Task>();
  const taskOf: TaskOf = async (seed) => {
    const task = tasks.get(seed) ?? (await createTask(setting, seed));
    tasks.set(seed, task);
    return task;
  };
  for (const stage of values.stage.split(',')) await stages[stage]!(setting, taskOf);
  for (const { trainer } of tasks.values()) await trainer.dispose();
}

function worker(): void {
  process.on('message', async (name: string) => {
    const before = process.cpuUsage();
    await measure(settings.find((one) => one.name === name)!);
    const { user, system } = process.cpuUsage(before);
    process.send!(`${name}: ${((user + system) / 1e6).toFixed(0)} core-seconds`);
  });
  process.send!('ready');
}

function main(): void {
  const queue = settings.filter(
    ({ name, part, budget }) =>
      name.includes(values.only) && budget <= Number(values.budget) && part === values.part,
  );
  if (values.reverse) queue.reverse();
  for (let i = 0; i < Number(values.workers); i++) {
    const child = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), '--worker']);
    child.on('message', (line) => {
      if (line !== 'ready') console.log(line);
      const next = queue.shift();
      if (next) child.send(next.name);
      else child.disconnect();
    });
  }
}

if (values.worker) worker();
else main();

// Kills workers of a sweep of 40 small jobs at random moments, sometimes only a worker's child process, and restarts
// Redis once. Then compares the results with those of the jobs run alone. It needs redis-server and the built
// packages: `npx tsx scripts/faults.mts [kills] [lease]`.
import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { submit } from '@clr/bullmq';
import { triangular } from '@clr/core';
import { module, open } from '@clr/datasets/softmaxJobs';
import { parseJob, runTrial } from '@clr/sweep';
import { redisServer } from '@clr/tooling/redisServer';
import { Redis } from 'ioredis';
import { startWorker } from '../test/startWorker.ts';

const [kills, lease] = [Number(process.argv[2] ?? 20), Number(process.argv[3] ?? 2000)];
const policy = triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 8 });
const jobs = Array.from({ length: 40 }, (_, seed) =>
  parseJob({
    ...{ model: 'softmax', data: { slow: 25 }, optimizer: { type: 'sgd', momentum: 0.9 }, seed },
    task:
      seed % 4 === 3
        ? { type: 'rangeTest', steps: 60 }
        : { type: 'policy', policy, steps: 40, checkpointEvery: 5 },
  }),
);
const folder = await mkdtemp(join(tmpdir(), 'clr-faults-'));
const log = join(folder, 'log');
const server = await redisServer();
await server.start();
const options = { redis: server.url, module, folder, lease };
const start = () => startWorker(options, { CLR_SOFTMAX_LOG: log });
const workers: ChildProcess[] = await Promise.all([start(), start(), start()]);

/** The child process in which a worker runs its job. */
function childOf({ pid }: ChildProcess): number | undefined {
  try {
    return Number(execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' }).split('\n')[0]);
  } catch {
    return undefined;
  }
}

let [killed, done, restarts] = [0, 0, 0];
let over = false;
const killing = (async () => {
  while (!over && killed < kills) {
    await sleep(300 + 1000 * Math.random());
    const at = Math.floor(workers.length * Math.random());
    const worker = workers[at]!;
    const computing = killed % 4 === 3 ? childOf(worker) : undefined;
    if (computing !== undefined) process.kill(computing, 'SIGKILL');
    else {
      const ended = once(worker, 'close');
      worker.kill('SIGKILL');
      await ended;
      workers[at] = await start();
    }
    killed++;
  }
})();
const restarting = (async () => {
  while (!over && done < jobs.length / 3) await sleep(20);
  await server.stop();
  await server.start();
  restarts++;
})();
const began = Date.now();
const { results, failed } = await submit(jobs, {
  redis: server.url,
  attempts: kills + 1,
  onProgress: (progress) => {
    done = progress.done;
  },
});
const seconds = (Date.now() - began) / 1000;
over = true;
await Promise.all([killing, restarting]);

// The history of each job as recorded by BullMQ, and the times of its steps.
const redis = new Redis(server.url);
const stream = await redis.xrange('bull:clr:events', '-', '+');
redis.disconnect();
const events = stream.map(([at, fields]) => {
  const of = Object.fromEntries(
    Array.from({ length: fields.length / 2 }, (_, i) => fields.slice(2 * i, 2 * i + 2)),
  );
  const { event = '', jobId = '', prev = '' } = of;
  return { at: Number(at.split('-')[0]), event, prev, id: jobId.slice('job-'.length) };
});
const steps = (await readFile(log, 'utf8'))
  .trim()
  .split('\n')
  .map((line) => line.split(' '))
  .map(([id = '', at]) => ({ id, at: Number(at) }));

const most = { given: 0, again: 0, silent: 0 };
const note = (name: keyof typeof most, milliseconds: number) => {
  most[name] = Math.max(most[name], milliseconds);
};
for (const { id } of jobs) {
  const own = events.filter((each) => each.id === id);
  const signs = [...own.filter(({ event }) => event === 'active'), ...steps.filter((each) => each.id === id)];
  for (const [i, { event, at }] of own.entries()) {
    if (event !== 'stalled' && event !== 'delayed') continue;
    const last = Math.max(...signs.map((sign) => sign.at).filter((sign) => sign <= at));
    if (event === 'stalled') note('given', at - last);
    note('again', (own.slice(i).find((each) => each.event === 'active')?.at ?? Number.NaN) - last);
  }
}
for (const [i, { at }] of steps.entries()) note('silent', at - (steps[i - 1]?.at ?? at));
const completed = jobs.filter(
  ({ id }) => events.filter((each) => each.id === id && each.event === 'completed').length === 1,
);
const stalls = events.filter(({ event }) => event === 'stalled').length;

const alone = await Promise.all(jobs.map((job) => runTrial(job, { open })));
const same = jobs.filter((_, at) => JSON.stringify(alone[at]) === JSON.stringify(results[at])).length;
for (const each of workers) each.kill('SIGKILL');
await server.remove();
await rm(folder, { recursive: true });
console.log(
  `${killed} workers killed, Redis restarted ${restarts} times; ${stalls} jobs reassigned; after ${seconds.toFixed(1)} s ` +
    `${results.length} results, ${completed.length} completed once, ${same} bit-identical to the job run alone, ${failed.length} failed`,
);
console.log(
  `With a lease of ${lease} ms: the jobs of a killed worker were reassigned at most ${most.given} ms after their last sign ` +
    `of life. A lost job ran again, on the next free worker, after at most ${most.again} ms. The longest time ` +
    `without a step of any worker was ${most.silent} ms.`,
);
const inTime = most.given <= lease && most.silent <= lease;
if (killed < kills || same < jobs.length || completed.length < jobs.length || !inTime) process.exitCode = 1;

import { fileURLToPath } from 'node:url';
import { triangular } from '@clr/core';
import { type Job, parseJob, runTrial } from '@clr/sweep';
import { meets } from '@clr/tooling/needs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { submit, worker } from '../src/index.ts';
import { hasRedis, type RedisServer, redisServer } from './redisServer.ts';
import { open } from './softmax.mjs';

const module = fileURLToPath(new URL('./softmax.mjs', import.meta.url));
const policy = triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 8 });
const jobOf = (seed: number, data: Job['data'] = { slow: 10 }): Job =>
  parseJob({
    model: 'softmax',
    data,
    optimizer: { type: 'sgd' },
    seed,
    task: { type: 'policy', policy, steps: 40 },
  });
const jobs = Array.from({ length: 6 }, (_, seed) => jobOf(seed));

it('says so when Redis does not answer', async () => {
  const redis = 'redis://127.0.0.1:1';
  await expect(submit(jobs, { redis })).rejects.toThrow(`Redis to answer at ${redis}`);
  await expect(worker({ redis, module })).rejects.toThrow('ECONNREFUSED');
  await expect(submit(jobs, { redis, attempt: 3 } as never)).rejects.toThrow('"attempts"');
});

describe.skipIf(!meets('redis', hasRedis, 'no redis-server'))('on a Redis of its own', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await redisServer();
    await server.start();
  });
  afterAll(() => server?.remove());

  it('gives the bits of each job alone, on two workers, over a restart of Redis', async () => {
    const common = { redis: server.url, module, lease: 3000 };
    const workers = await Promise.all([worker(common), worker(common)]);
    let restarted: Promise<void> | undefined;
    const restart = async () => {
      await server.stop();
      await server.start();
    };
    const onProgress = ({ done }: { readonly done: number }) => {
      if (done === 2) restarted = restart();
    };
    const { results, failed } = await submit(jobs, { redis: server.url, onProgress });
    await restarted;
    await Promise.all(workers.map((each) => each.close()));
    expect(failed).toEqual([]);
    const alone = await Promise.all(jobs.map((job) => runTrial(job, { open })));
    expect(JSON.stringify(results) === JSON.stringify(alone)).toBe(true);
    // They are all there: nobody has to compute.
    expect((await submit(jobs, { redis: server.url })).results).toEqual(results);
  });

  it('lists a job that throws, and one that keeps losing its process', async () => {
    const one = await worker({ redis: server.url, module, queue: 'bad' });
    const bad = [jobOf(1, 'broken'), jobOf(1, { exitAt: 3 })];
    const { results, failed } = await submit(bad, { redis: server.url, queue: 'bad', attempts: 2 });
    await one.close();
    expect(results).toEqual([]);
    expect(failed.map(({ error }) => error)).toEqual([
      'The data are broken.',
      'the worker ended with exit code 9',
    ]);
  });
});

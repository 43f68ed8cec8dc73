import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { triangular } from '@clr/core';
import { module, open } from '@clr/datasets/softmaxJobs';
import { type Job, parseJob, runTrial } from '@clr/sweep';
import { meets } from '@clr/tooling/needs';
import { hasRedis, type RedisServer, redisServer } from '@clr/tooling/redisServer';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { submit, worker } from '../src/index.ts';
import { startWorker } from './startWorker.ts';

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

it('fails with a clear error if Redis does not answer', async () => {
  const redis = 'redis://127.0.0.1:1';
  await expect(submit(jobs, { redis })).rejects.toThrow(`Redis to answer at ${redis}`);
  await expect(worker({ redis, module })).rejects.toThrow('ECONNREFUSED');
  await expect(submit(jobs, { redis, attempt: 3 } as never)).rejects.toThrow('"attempts"');
});

it('refuses a lease that is too short and a concurrency that is not an integer, before it connects', async () => {
  const redis = 'redis://127.0.0.1:1';
  await expect(worker({ redis, module, lease: 30 })).rejects.toThrow(
    'lease to be an integer of at least 2000',
  );
  await expect(worker({ redis, module, concurrency: 0.5 })).rejects.toThrow('concurrency = 0.5');
});

it.each([
  [{ redis: undefined }, 'redis = undefined'],
  [{ redis: 6379 }, 'redis = 6379'],
  [{ redis: '127.0.0.1:6379' }, 'redis = "127.0.0.1:6379"'],
  [{ queue: '' }, 'queue = ""'],
  [{ queue: 'a:b' }, 'queue = "a:b"'],
  [{ attempts: 0 }, 'attempts = 0'],
  [{ attempts: Number.NaN }, 'attempts = NaN'],
  [{ attempts: '3' }, 'attempts = "3"'],
])('refuses %j before it connects', async (options, received) => {
  const all = { redis: 'redis://127.0.0.1:1', ...options } as never;
  await expect(submit(jobs, all)).rejects.toThrow(`Received: ${received}`);
});

it('does not show the password of Redis in an error', async () => {
  const message = await submit(jobs, { redis: 'redis://me:secret@127.0.0.1:1' }).catch(
    ({ message }) => message,
  );
  expect(message).toContain('redis://me:…@127.0.0.1:1');
  expect(message).not.toContain('secret');
});

describe.skipIf(!meets('redis', hasRedis, 'no redis-server'))('with its own Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await redisServer();
    await server.start();
  });
  afterAll(() => server?.remove());

  it('gives the same results, bit for bit, as jobs run alone, with two workers and a restart of Redis', async () => {
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
    // All results exist already, so no worker is needed.
    expect((await submit(jobs, { redis: server.url })).results).toEqual(results);
  });

  it('reports a job that throws, and one whose process keeps crashing', async () => {
    const one = await worker({ redis: server.url, module, queue: 'bad' });
    const bad = [jobOf(1, { throwAt: 0 }), jobOf(1, { exitAt: 3 })];
    const { results, failed } = await submit(bad, { redis: server.url, queue: 'bad', attempts: 2 });
    await one.close();
    expect(results).toEqual([]);
    expect(failed.map(({ error }) => error)).toEqual([
      expect.stringContaining('The data are broken.'),
      'the worker ended with exit code 9',
    ]);
  });

  it('refuses a job with the id of another job in the queue, before it adds a job', async () => {
    const one = await worker({ redis: server.url, module, queue: 'ids' });
    const options = { redis: server.url, queue: 'ids' };
    const first = { ...jobOf(1, 'points'), id: 'a' };
    await submit([first], options);
    const changed = { ...first, seed: 2 };
    const added = jobOf(3, { exitAt: 3 });
    await expect(submit([added, changed], options)).rejects.toThrow('another job with this id');
    expect((await submit([first], options)).results[0]!.job.seed).toBe(1);
    await one.close();
    expect(await eventsOf('ids')).toEqual(['active', 'completed']);
  });

  it('reassigns the job of a killed worker, and completes it once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'clr-bullmq-'));
    const options = { redis: server.url, module, queue: 'killed', folder, lease: 2000 };
    const doomed = await startWorker(options);
    const job = jobOf(1, { slow: 20 });
    const waiting = submit([job], { redis: server.url, queue: 'killed' });
    const hasCheckpoint = async () => (await readdir(folder)).includes(`${job.id}.safetensors`);
    while (!(await hasCheckpoint())) await sleep(5);
    doomed.kill('SIGKILL');
    const other = await startWorker(options);
    const { results } = await waiting;
    other.kill();
    expect(JSON.stringify(results[0]) === JSON.stringify(await runTrial(job, { open }))).toBe(true);
    expect(await eventsOf('killed')).toEqual(['active', 'stalled', 'active', 'completed']);
    await rm(folder, { recursive: true });
  });

  it('retries a job whose process crashed before it runs jobs that have not begun', async () => {
    const one = await worker({ redis: server.url, module, queue: 'turn' });
    const others = [2, 3, 4, 5, 6].map((seed) => jobOf(seed));
    const lost = jobOf(1, { exitAt: 3 });
    const { failed } = await submit([lost, ...others], { redis: server.url, queue: 'turn', attempts: 2 });
    await one.close();
    expect(failed).toHaveLength(1);
    expect((await eventsOf('turn')).at(-1)).toBe('completed');
  });

  /** The history of a queue's jobs as recorded by BullMQ. */
  async function eventsOf(queue: string): Promise<readonly string[]> {
    const redis = new Redis(server.url);
    const stream = await redis.xrange(`bull:${queue}:events`, '-', '+');
    redis.disconnect();
    const told = ['active', 'stalled', 'completed', 'failed'];
    return stream
      .map(([, fields]) => fields[1 + fields.indexOf('event')]!)
      .filter((event) => told.includes(event));
  }
});

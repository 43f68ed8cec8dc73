import { fileURLToPath } from 'node:url';
import * as core from '@clr/core';
import { module } from '@clr/datasets/softmaxJobs';
import { parseJob } from '@clr/sweep';
import { describeExamples } from '@clr/tooling/describeExamples';
import { meets } from '@clr/tooling/needs';
import { hasRedis, type RedisServer, redisServer } from '@clr/tooling/redisServer';
import { afterAll, beforeAll, describe } from 'vitest';
import * as bullmq from '../src/index.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

const [job, other] = [1, 2].map((seed) =>
  parseJob({
    model: 'softmax',
    data: 'points',
    optimizer: { type: 'sgd' },
    seed,
    task: { type: 'fixed', lr: 0.1, steps: 50 },
  }),
);

describe.skipIf(!meets('redis', hasRedis, 'no redis-server'))('with its own Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await redisServer();
    await server.start();
  });
  afterAll(() => server?.remove());
  const here = () => ({ redis: server.url, module });
  describeExamples({
    sources: path('../src'),
    exports: [bullmq],
    pages: [path('../README.md')],
    scope: () => ({ ...core, ...bullmq, ...here(), job, jobs: [job, other] }),
    modules: {
      '@clr/bullmq': {
        submit: (jobs: never, options: bullmq.SubmitOptions) =>
          bullmq.submit(jobs, { ...options, redis: server.url }),
        worker: (options: bullmq.WorkerOptions) => bullmq.worker({ ...options, ...here() }),
      },
    },
  });
});

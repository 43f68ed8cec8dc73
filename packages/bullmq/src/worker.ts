import { checkOptionNames } from '@clr/core';
import type { Job } from '@clr/sweep';
import { createTrialProcess, type TrialProcess, type TrialProcessOptions } from '@clr/sweep/node';
import { UnrecoverableError, Worker } from 'bullmq';
import { connect, type QueueOptions } from './connect.ts';

/** Options of {@link worker}. */
export interface WorkerOptions extends QueueOptions, TrialProcessOptions {
  /** How many jobs run at once, each in a child process. Default 1. */
  readonly concurrency?: number;
  /** Milliseconds after which the jobs of a worker that is gone are given to another. Default 30,000. */
  readonly lease?: number;
}

/** A worker that takes jobs out of a queue. */
export interface SweepWorker {
  /** Takes no more jobs. The running ones stop after a step, and are given to another worker, or to this one's successor. */
  close(): Promise<void>;
}

/**
 * Takes jobs out of a queue and runs each in a child process, so that its lease is renewed however long a step takes.
 * A job whose process crashes is tried again after a while; one whose worker is gone, when its lease is over; one that
 * throws is not. With a `folder` that all workers share it goes on from its checkpoint.
 *
 * @throws {ClrError} if an option is bad, or Redis does not answer at the start
 *
 * @example
 * ```ts
 * const one = await worker({ redis, module });
 * const { results } = await submit([job], { redis });
 * results.length; // 1
 * await one.close();
 * ```
 */
export async function worker(options: WorkerOptions): Promise<SweepWorker> {
  const names = ['redis', 'queue', 'module', 'folder', 'execArgv', 'concurrency', 'lease'] as const;
  const {
    redis,
    queue = 'clr',
    concurrency = 1,
    lease = 30_000,
    ...child
  } = checkOptionNames('clr/bullmq', 'worker', options, names);
  const idle: TrialProcess[] = [createTrialProcess(child)];
  const connection = await connect(redis);
  const stopping = new AbortController();
  const bull = new Worker<Job, string>(
    queue,
    async ({ data }) => {
      const process = idle.pop() ?? createTrialProcess(child);
      try {
        const outcome = await process.run(data, { signal: stopping.signal }).catch((error: Error) => {
          throw new UnrecoverableError(error.message);
        });
        if (outcome.type === 'result') return JSON.stringify(outcome.result);
        if (outcome.type === 'failed') throw new UnrecoverableError(outcome.message);
        throw new Error(outcome.type === 'lost' ? outcome.message : 'the worker was closed');
      } finally {
        idle.push(process);
      }
    },
    {
      connection,
      concurrency,
      lockDuration: lease,
      stalledInterval: lease,
      // Machines may come and go. How often a job may crash is up to its attempts.
      maxStalledCount: 1000,
    },
  );
  // It connects again by itself.
  bull.on('error', () => {});
  return {
    async close() {
      stopping.abort();
      await bull.close();
      await Promise.all(idle.map((each) => each.close()));
      connection.disconnect();
    },
  };
}

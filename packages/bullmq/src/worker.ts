import { checkOptionNames } from '@clr/core';
import type { Job } from '@clr/sweep';
import { createTrialProcess, type TrialProcess, type TrialProcessOptions } from '@clr/sweep/node';
import { UnrecoverableError, Worker } from 'bullmq';
import { checkQueue, connect, type QueueOptions } from './connect.ts';
import { checkInteger } from './errors.ts';

/** Options of {@link worker}. */
export interface WorkerOptions extends QueueOptions, TrialProcessOptions {
  /** The number of jobs that run at once, each in a child process. Default 1. */
  readonly concurrency?: number;
  /**
   * The time in milliseconds within which the jobs of a lost worker are reassigned. A worker that cannot reach Redis
   * for a third of this time loses its jobs. At least 2000. Default 30,000.
   */
  readonly lease?: number;
}

/** A worker that takes jobs from a queue. */
export interface SweepWorker {
  /**
   * Takes no further jobs. The running jobs stop after a step, and another worker takes them over, now or when one is
   * started.
   */
  close(): Promise<void>;
}

/**
 * Takes jobs from a queue and runs each in a child process, so that its lease is renewed even during a long step. A job
 * whose process crashes is tried again after a delay. A job whose worker is lost is tried again when the lease ends. A
 * job that throws is not tried again. With a `folder` that all workers share, a job resumes from its checkpoint.
 *
 * @throws {ClrError} if an option is invalid, or if Redis does not answer at the start
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
  checkQueue(redis, queue);
  checkInteger('concurrency', concurrency, 1);
  checkInteger('lease', lease, 2000);
  const idle: TrialProcess[] = [createTrialProcess(child)];
  const connection = await connect(redis);
  const stopping = new AbortController();
  const bull = new Worker<Job, string>(
    queue,
    async (job, _token, lost) => {
      const process = idle.pop() ?? createTrialProcess(child);
      try {
        const signal = lost ? AbortSignal.any([stopping.signal, lost]) : stopping.signal;
        const outcome = await process.run(job.data, { signal }).catch((error: Error) => {
          throw new UnrecoverableError(error.message);
        });
        if (outcome.type === 'result') return JSON.stringify(outcome.result);
        if (outcome.type === 'failed') throw new UnrecoverableError(outcome.message);
        // The job will run again before jobs that have not begun.
        await job.changePriority({ priority: 0 });
        throw new Error(outcome.type === 'lost' ? outcome.message : 'the worker was closed');
      } finally {
        idle.push(process);
      }
    },
    {
      connection,
      concurrency,
      ...timesOf(lease),
      // Practically no limit, because machines may come and go. `attempts` limits the crashes of a job.
      maxStalledCount: 1000,
      settings: {
        backoffStrategy: (attempts = 1) => Math.min(500 * 2 ** (attempts - 1), lease / 2),
      },
    },
  );
  // Ignored, because BullMQ reconnects by itself.
  bull.on('error', () => {});
  // The job now belongs to another worker. Its result would be refused, so it is cancelled here.
  bull.on('lockRenewalFailed', (ids) => {
    for (const id of ids) bull.cancelJob(id);
  });
  return {
    async close() {
      stopping.abort();
      await bull.close();
      await Promise.all(idle.map((each) => each.close()));
      connection.disconnect();
    },
  };
}

/**
 * BullMQ finds a lost job after its lock has expired, at most two checks later. The rest of the lease is a margin for a
 * busy machine. BullMQ's own delays are far longer: 15 s until a command is tried again, 5 s until an idle worker looks
 * for jobs.
 */
const timesOf = (lease: number) => ({
  lockDuration: Math.round(0.4 * lease),
  stalledInterval: Math.round(0.1 * lease),
  runRetryDelay: Math.round(0.1 * lease),
  drainDelay: Math.min(5, lease / 10_000),
});

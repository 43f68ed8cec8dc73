import { checkOptionNames } from '@clr/core';
import { type Job, parseJob, parseJobs, parseResult, type TrialResult } from '@clr/sweep';
import { Queue } from 'bullmq';
import { checkQueue, connect, type QueueOptions } from './connect.ts';
import { checkInteger, fail } from './errors.ts';

/** The outcome of the submitted jobs. */
export interface SubmitOutcome {
  /** The available results, in the order of the jobs. */
  readonly results: readonly TrialResult[];
  /** The jobs that failed: those that threw, and those whose process crashed too often. */
  readonly failed: readonly {
    /** The job as it was submitted. */
    readonly job: Job;
    /** The message of its last error. */
    readonly error: string;
  }[];
  /** Whether `signal` ended the wait. The workers continue. Call `submit` with the same jobs to wait again. */
  readonly stopped: boolean;
}

/** Options of {@link submit}. */
export interface SubmitOptions extends QueueOptions {
  /** The maximum number of attempts at a job whose process crashes. Default 5. */
  readonly attempts?: number;
  /** Ends the wait, but not the jobs. */
  readonly signal?: AbortSignal;
  /** Called whenever a job has a result, with its id and the number of jobs that have one. */
  readonly onProgress?: (progress: {
    readonly id: string;
    readonly done: number;
    readonly total: number;
  }) => void;
}

/** The name of a job in the queue. It has a prefix, because BullMQ refuses integers. */
const keyOf = (job: Job): string => `job-${job.id}`;

/** Milliseconds between two reads of the queue. */
const pace = 500;

/**
 * Puts jobs into a queue and waits for their results. A job that is already in the queue is not added again, so several
 * callers can wait for the same results. If Redis has lost a job, the job is added again.
 *
 * @throws {ClrError} if a job or an option is invalid, if Redis does not answer at the start, or if the queue has another
 *   job with the id of one of these jobs
 *
 * @example
 * ```ts
 * const one = await worker({ redis, module });
 * const { results } = await submit([job], { redis });
 * results[0].run.step; // 50
 * await one.close();
 * ```
 */
export async function submit(jobs: readonly Job[], options: SubmitOptions): Promise<SubmitOutcome> {
  const names = ['redis', 'queue', 'attempts', 'signal', 'onProgress'] as const;
  const {
    redis,
    queue: name = 'clr',
    attempts = 5,
    signal,
    onProgress,
  } = checkOptionNames('clr/bullmq', 'submit', options, names);
  const all = parseJobs(jobs);
  checkQueue(redis, name);
  checkInteger('attempts', attempts, 1);
  const connection = await connect(redis);
  const queue = new Queue<Job, string>(name, { connection });
  queue.on('error', () => {});
  const results = new Map<string, TrialResult>();
  const failed = new Map<string, string>();
  // The worker sets the delay before a retry. It also resets a lost job's priority to 0, which BullMQ runs before 1.
  const put = (job: Job) =>
    queue.add('trial', job, { jobId: keyOf(job), attempts, backoff: { type: 'clr' }, priority: 1 });
  const find = async (job: Job) => {
    const found = await queue.getJob(keyOf(job));
    if (found) checkSame(job, found.data);
    return found;
  };
  try {
    const old = [];
    // Every job is looked up before the first one is added.
    for (const job of all) old.push(await find(job));
    for (const [at, job] of all.entries()) {
      // A job that failed before is tried again.
      if (await old[at]?.isFailed()) await old[at]!.remove();
      await put(job);
    }
    const open = () => all.filter(({ id }) => !results.has(id) && !failed.has(id));
    while (open().length > 0 && !signal?.aborted) {
      for (const job of open()) {
        const there = await find(job);
        if (!there) await put(job);
        else if (await there.isCompleted()) {
          results.set(job.id, parseResult(JSON.parse((await queue.getJob(keyOf(job)))!.returnvalue)));
          onProgress?.({ id: job.id, done: results.size, total: all.length });
        } else if (await there.isFailed()) failed.set(job.id, there.failedReason ?? 'unknown');
      }
      if (open().length > 0) await new Promise((resolve) => setTimeout(resolve, pace));
    }
  } finally {
    await queue.close();
    connection.disconnect();
  }
  return {
    results: all.flatMap(({ id }) => results.get(id) ?? []),
    failed: all.flatMap((job) => {
      const error = failed.get(job.id);
      return error === undefined ? [] : [{ job, error }];
    }),
    stopped: results.size + failed.size < all.length,
  };
}

/** Refuses a job of the queue that has the id of another job: its result would be wrong. */
function checkSame(job: Job, queued: Job): void {
  if (JSON.stringify(parseJob(queued)) === JSON.stringify(job)) return;
  throw fail(
    `the job ${job.id} in the queue`,
    'another job with this id',
    'Give the job another id, or none. Or use another queue.',
  );
}

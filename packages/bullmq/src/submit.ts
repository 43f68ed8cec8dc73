import { checkOptionNames } from '@clr/core';
import { type Job, parseJobs, parseResult, type TrialResult } from '@clr/sweep';
import { Queue } from 'bullmq';
import { connect, type QueueOptions } from './connect.ts';

/** What came of the jobs that were submitted. */
export interface SubmitOutcome {
  /** The results there are, in the order of the jobs. */
  readonly results: readonly TrialResult[];
  /** The jobs without a result: those at fault, and those that lost their process too often. */
  readonly failed: readonly {
    /** The job as it was submitted. */
    readonly job: Job;
    /** The message of its last error. */
    readonly error: string;
  }[];
  /** Whether `signal` ended the wait. The workers go on, and the same call waits again. */
  readonly stopped: boolean;
}

/** Options of {@link submit}. */
export interface SubmitOptions extends QueueOptions {
  /** How often a job that lost its process is tried in all. Default 5. */
  readonly attempts?: number;
  /** Ends the wait, not the jobs. */
  readonly signal?: AbortSignal;
  /** Called whenever a job has a result: its id, and how many of all jobs have one. */
  readonly onProgress?: (progress: {
    readonly id: string;
    readonly done: number;
    readonly total: number;
  }) => void;
}

/** The name of a job in the queue: BullMQ refuses integers. */
const keyOf = (job: Job): string => `job-${job.id}`;

/** Milliseconds between two looks at the queue. */
const pace = 500;

/**
 * Puts jobs into a queue and waits for their results. A job that is there already is not put there twice, so the same
 * call from anywhere waits for the same results. If Redis has lost a job, it is put there again.
 *
 * @throws {ClrError} if a job or an option is bad, or Redis does not answer at the start
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
  const connection = await connect(redis);
  const queue = new Queue<Job, string>(name, { connection });
  queue.on('error', () => {});
  const results = new Map<string, TrialResult>();
  const failed = new Map<string, string>();
  // The worker says how long a job waits before it is tried again. A lost one goes before those with a priority.
  const put = (job: Job) =>
    queue.add('trial', job, { jobId: keyOf(job), attempts, backoff: { type: 'clr' }, priority: 1 });
  try {
    for (const job of all) {
      const old = await queue.getJob(keyOf(job));
      // What failed before is tried again.
      if (old && (await old.isFailed())) await old.remove();
      await put(job);
    }
    const open = () => all.filter(({ id }) => !results.has(id) && !failed.has(id));
    while (open().length > 0 && !signal?.aborted) {
      for (const job of open()) {
        const there = await queue.getJob(keyOf(job));
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

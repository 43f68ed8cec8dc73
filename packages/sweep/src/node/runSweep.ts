import { availableParallelism } from 'node:os';
import { checkOptionNames } from '@clr/core';
import { fail, inWords } from '../errors.ts';
import type { Job } from '../job.ts';
import { parseJobs } from '../parseJob.ts';
import type { TrialResult } from '../trialResult.ts';
import { readResults, writeResult } from './files.ts';
import { createTrialProcess, type TrialProcessOptions } from './trialProcess.ts';

/** A job that failed. */
export interface FailedJob {
  /** The job. */
  readonly job: Job;
  /** The message of its last error. */
  readonly error: string;
}

/** The outcome of a sweep. */
export interface SweepOutcome {
  /** The available results, in the order of the jobs. */
  readonly results: readonly TrialResult[];
  /** Jobs that threw, or whose worker ended too often. Calling again retries them. */
  readonly failed: readonly FailedJob[];
  /** Whether `signal` stopped the sweep. Calling again continues it. */
  readonly stopped: boolean;
}

/** An event of one job in a sweep. */
export interface SweepProgress {
  /** `'lost'` means that the job's worker ended, and that the job is tried again. */
  readonly type: 'started' | 'step' | 'done' | 'lost' | 'failed';
  /** The id of the job. */
  readonly id: string;
  /** With `'step'`: the last completed step. */
  readonly step?: number;
  /** With `'lost'` and `'failed'`: the reason. */
  readonly error?: string;
  /** The id of the process that runs the job. */
  readonly pid?: number;
  /** The number of jobs with a result. */
  readonly done: number;
  /** The number of jobs. */
  readonly total: number;
}

/** Options of {@link runSweep}. */
export interface SweepOptions extends Omit<TrialProcessOptions, 'folder'> {
  /** The folder for results and checkpoints, `<id>.json` and `<id>.safetensors`. It is created if it does not exist. */
  readonly folder: string;
  /** The number of child processes. Default: the number of cores. */
  readonly workers?: number;
  /** The number of times that a job is tried again because its worker ended. Default 5. */
  readonly retries?: number;
  /** Stops all jobs between two steps. Jobs that can be resumed write a checkpoint first. */
  readonly signal?: AbortSignal;
  /** Called at every event of every job. */
  readonly onProgress?: (progress: SweepProgress) => void;
}

const names = ['module', 'folder', 'execArgv', 'workers', 'retries', 'signal', 'onProgress'] as const;

/**
 * Runs jobs in child processes on this machine. Each result is a file, written atomically. Calling again runs the
 * missing jobs and resumes from checkpoints. Each result has the same bits as if its job had run alone.
 *
 * - A worker that is killed or crashes is replaced, and its job resumes from its checkpoint.
 * - A job that throws counts as failed; the others continue.
 * - If this process is killed, its workers end, at the latest after their current step.
 *
 * @param jobs - as `parseJobs` reads them
 * @throws {ClrError} before the first job, if a job, an option or a file in the folder is invalid; later, if the module
 *   cannot be used, or a result cannot be written
 *
 * @example
 * ```ts
 * const { results } = await runSweep([job], { module, folder: 'results', workers: 1 });
 * results[0].run.step; // 50
 * (await readdir('results')).length; // 1
 * ```
 */
export async function runSweep(jobs: readonly Job[], options: SweepOptions): Promise<SweepOutcome> {
  const { module, execArgv, folder, retries = 5 } = checkOptionNames('clr/sweep', 'runSweep', options, names);
  const { workers = availableParallelism(), onProgress } = options;
  const all = parseJobs(jobs);
  count('workers', workers, 1);
  count('retries', retries, 0);
  if (typeof folder !== 'string' || folder === '') {
    throw fail('folder to be a path', `folder = ${inWords(folder)}`, 'Pass a folder for results.');
  }
  const child = { module, folder, ...(execArgv && { execArgv }) };
  const processes = Array.from({ length: Math.min(workers, all.length) }, () => createTrialProcess(child));
  const results = await readResults(folder, all);
  const waiting = all.filter(({ id }) => !results.has(id));
  const failed: FailedJob[] = [];
  const losses = new Map<string, number>();
  const broken = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, broken.signal]) : broken.signal;
  const tell = (progress: Omit<SweepProgress, 'done' | 'total'>) =>
    onProgress?.({ ...progress, done: results.size, total: all.length });

  const work = async (worker: (typeof processes)[number]): Promise<void> => {
    for (let job = waiting.shift(); job && !signal.aborted; job = waiting.shift()) {
      const { id } = job;
      const of = () => ({ id, ...(worker.pid !== undefined && { pid: worker.pid }) });
      tell({ type: 'started', ...of() });
      const onStep = (step: number) => tell({ type: 'step', ...of(), step });
      const outcome = await worker.run(job, { signal, onStep });
      if (outcome.type === 'stopped') return;
      if (outcome.type === 'result') {
        await writeResult(folder, job, outcome.result);
        results.set(id, outcome.result);
        tell({ type: 'done', ...of() });
        continue;
      }
      const { type, message: error } = outcome;
      const lost = (losses.get(id) ?? 0) + 1;
      if (type === 'lost' && lost <= retries) {
        losses.set(id, lost);
        waiting.unshift(job);
        tell({ type, id, error });
      } else {
        failed.push({ job, error: type === 'lost' ? `${error}, ${lost} times` : error });
        tell({ type: 'failed', id, error });
      }
    }
  };
  const faults: unknown[] = [];
  const guarded = processes.map((each) =>
    work(each).catch((error) => {
      faults.push(error);
      broken.abort();
    }),
  );
  await Promise.all(guarded);
  await Promise.all(processes.map((each) => each.close()));
  if (faults.length > 0) throw faults[0];
  return {
    results: all.flatMap(({ id }) => results.get(id) ?? []),
    failed,
    stopped: results.size + failed.length < all.length,
  };
}

function count(name: string, value: unknown, least: number): void {
  if (Number.isSafeInteger(value) && Number(value) >= least) return;
  throw fail(
    `${name} to be an integer of at least ${least}`,
    `${name} = ${inWords(value)}`,
    'Correct the option.',
  );
}

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { replaceFile } from '@clr/checkpoint/node';
import type { Job } from '@clr/sweep';
import { runSweep, type SweepOutcome, type SweepProgress } from '@clr/sweep/node';
import { unusable } from '../errors.ts';
import { loadQueue } from '../training/loadRuntime.ts';

/** The module that opens the model and the data of a job if no other module is given. */
export const ownModule: string = fileURLToPath(new URL('./open.js', import.meta.url));

/** The options that `runHere` and `runOverQueue` share. */
interface Task {
  /** The folder of the results. */
  readonly out: string;
  readonly signal: AbortSignal;
  readonly update: (done: number, note: string) => void;
}

/** Runs jobs in processes on this machine. */
export function runHere(
  jobs: readonly Job[],
  { out, signal, update }: Task,
  {
    module = ownModule,
    workers,
  }: { readonly module?: string | undefined; readonly workers?: number | undefined },
): Promise<SweepOutcome> {
  const options = { module, folder: out, signal, onProgress: follow(update) };
  return runSweep(jobs, { ...options, ...(workers !== undefined && { workers }) });
}

/** Queues jobs for the workers, waits for the results and writes them to files. */
export async function runOverQueue(
  jobs: readonly Job[],
  { out, signal, update }: Task,
  redis: string,
): Promise<SweepOutcome> {
  const { submit } = await loadQueue();
  await makeFolder(out);
  const onProgress = ({ done }: { readonly done: number }) => update(done, '');
  const outcome = await submit(jobs, { redis, signal, onProgress });
  for (const result of outcome.results) {
    await replaceFile(join(out, `${result.job.id}.json`), `${JSON.stringify(result)}\n`);
  }
  return outcome;
}

/** Makes a folder for results or checkpoints if it does not exist. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((cause) => {
    const advice = 'Give another name.';
    throw unusable({ expected: `to make the folder ${path}`, received: cause.code, advice }, { cause });
  });
}

/** Reports how many jobs are done and the step of each running job. */
function follow(update: (done: number, note: string) => void): (event: SweepProgress) => void {
  const running = new Map<string, number>();
  return ({ type, id, step = 0, done }) => {
    if (type === 'started' || type === 'step') running.set(id, step);
    else running.delete(id);
    update(done, [...running].map(([job, at]) => `${job.slice(0, 8)} at step ${at}`).join(', '));
  };
}

import { fileURLToPath } from 'node:url';
import { abortOnInterrupt } from '@clr/checkpoint/node';
import type { Job } from '@clr/sweep';
import { runSweep } from '@clr/sweep/node';
import { jobsFolder } from './results.ts';

/** Runs the jobs that have no result yet, one process per core. Ends the program if a job has no result afterwards. */
export async function runJobs(jobs: readonly Job[], workers?: string): Promise<void> {
  const interrupt = abortOnInterrupt();
  const { results, stopped, failed } = await runSweep(jobs, {
    module: fileURLToPath(new URL('open.ts', import.meta.url)),
    folder: jobsFolder,
    ...(workers !== undefined && { workers: Number(workers) }),
    execArgv: ['--import', 'tsx'],
    signal: interrupt.signal,
    onProgress({ type, id, error, done, total }) {
      if (type === 'done') console.log(`${done}/${total} ${id}`);
      if (type === 'lost' || type === 'failed') console.error(`${id}: ${type}, ${error}`);
    },
  });
  interrupt.release();
  if (!stopped && failed.length === 0) return;
  console.log(`${results.length} of ${jobs.length} jobs done. The same command resumes.`);
  process.exit(1);
}

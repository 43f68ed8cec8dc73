import { type Job, type Json, parseJob, parseJobs } from '@clr/sweep';
import { digestOf } from '../input/digestOf.ts';
import { inputPaths } from '../training/inputPaths.ts';
import { settingOf } from './setting.ts';

/** The paths that a job reads. */
export function pathsOf(job: Job): readonly string[] {
  const { model, values } = settingOf(job, 'job');
  return inputPaths(values, model);
}

/**
 * Adds to each job the digests of the files that it reads. A job then counts as new if one of its files has changed, so
 * no result of the old files is taken for it.
 */
export async function withInputs(jobs: readonly Job[]): Promise<readonly Job[]> {
  const digests = new Map<string, string | undefined>();
  for (const path of new Set(jobs.flatMap(pathsOf))) digests.set(path, await digestOf(path));
  return parseJobs(
    jobs.map((job) => {
      const inputs: Record<string, Json> = {};
      for (const path of pathsOf(job)) {
        const digest = digests.get(path);
        if (digest !== undefined) inputs[path] = digest;
      }
      const { id, ...rest } = job;
      // An id that is a hash of the job becomes the hash of the job with its inputs.
      return { ...rest, inputs, ...(parseJob(rest).id !== id && { id }) };
    }),
  );
}

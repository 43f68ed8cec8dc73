import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@clr/checkpoint/node';
import { fail } from '../errors.ts';
import type { Job } from '../job.ts';
import { contentOf } from '../parseJob.ts';
import { parseResult, type TrialResult } from '../trialResult.ts';

const resultPath = (folder: string, id: string): string => join(folder, `${id}.json`);

/** The path of a running job's checkpoint. */
export const checkpointPath = (folder: string, id: string): string => join(folder, `${id}.safetensors`);

/** Creates the folder of a sweep if needed, and reads the results in it, by the ids of their jobs. */
export async function readResults(folder: string, jobs: readonly Job[]): Promise<Map<string, TrialResult>> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    const advice = 'Pass the path of a folder that exists or can be created.';
    throw fail('a folder for results', (cause as Error).message, advice, { cause });
  }
  const results = new Map<string, TrialResult>();
  for (const job of jobs) {
    const path = resultPath(folder, job.id);
    const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return undefined;
      throw fail(`to read the result ${path}`, cause.message, 'Check its permissions.', { cause });
    });
    if (text === undefined) continue;
    const result = parseResult(parse(path, text), path);
    if (contentOf(result.job) !== contentOf(job)) {
      const advice = 'Use another id for the job or another folder for the sweep, or remove the file.';
      throw fail(
        `the result of the job ${job.id} in ${path}`,
        'a result of another job with this id, or of other inputs',
        advice,
      );
    }
    results.set(job.id, result);
  }
  return results;
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const advice = 'Remove the file. The job is then run again.';
    throw fail(`JSON in ${path}`, (cause as Error).message, advice, { cause });
  }
}

/** Writes a result atomically, and removes the job's checkpoint. */
export async function writeResult(folder: string, { id }: Job, result: TrialResult): Promise<void> {
  await replaceFile(resultPath(folder, id), `${JSON.stringify(result)}\n`);
  await removeCheckpoint(folder, id);
}

/**
 * Removes a job's checkpoint, if there is one.
 *
 * @example
 * ```ts
 * await removeCheckpoint('results', job.id); // undefined
 * ```
 */
export const removeCheckpoint = (folder: string, id: string): Promise<void> =>
  rm(checkpointPath(folder, id), { force: true });

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Job, type Json, parseJob, parseJobs } from '@clr/sweep';
import { unusable } from '../errors.ts';
import { inputPaths } from '../input/inputPaths.ts';
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

/** A digest of a file's content, or of a folder. Undefined if there is no such file, or if it is a device or a pipe. */
async function digestOf(path: string): Promise<string | undefined> {
  const status = await stat(path).catch(() => undefined);
  if (!status?.isFile() && !status?.isDirectory()) return undefined;
  const hash = createHash('sha256');
  try {
    if (status.isFile()) await pipeline(createReadStream(path), hash);
    else hash.update(JSON.stringify(await listOf(path)));
  } catch (cause) {
    const received = String((cause as NodeJS.ErrnoException).code);
    throw unusable({ expected: `to read ${path}`, received, advice: 'Check its permissions.' }, { cause });
  }
  return hash.digest('hex');
}

/**
 * The names, sizes and times of change of the files in a folder. Reading the images themselves would take long. The
 * folder is searched like `listImages` of `@clr/data` does.
 */
async function listOf(folder: string): Promise<readonly Json[]> {
  const list: Json[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const inside = await readdir(join(folder, name), { recursive: true }).catch(() => []);
    for (const path of [name, ...inside.sort().map((each) => join(name, each))]) {
      const status = await stat(join(folder, path)).catch(() => undefined);
      if (status?.isFile()) list.push([path, status.size, status.mtimeMs]);
    }
  }
  return list;
}

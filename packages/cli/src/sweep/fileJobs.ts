import { access } from 'node:fs/promises';
import { type Job, parseJobs } from '@clr/sweep';
import { unusable } from '../errors.ts';
import { nameOf, readJson } from '../input/readJson.ts';
import { settingOf } from './setting.ts';

/** The jobs in a file, or on standard input. */
export const fileJobs = async (path: string): Promise<readonly Job[]> =>
  parseJobs(await readJson(path), nameOf(path));

/** Refuses jobs whose model or data `clr` cannot read, before the first job runs. */
export async function checkSettings(jobs: readonly Job[], name: string): Promise<void> {
  const paths = new Map<string, string>();
  for (const [at, job] of jobs.entries()) {
    const { model, values } = settingOf(job, `${name}[${at}]`);
    const { data, validation, labels, encoding } = values;
    for (const path of [model, data, validation, labels, encoding]) {
      if (path !== undefined && !paths.has(path)) paths.set(path, `${name}[${at}]`);
    }
  }
  for (const [path, where] of paths) {
    await access(path).catch((cause) => {
      const received = cause.code === 'ENOENT' ? 'no such file' : String(cause.code);
      const advice = 'Paths are relative to the working directory.';
      throw unusable({ expected: `to read ${path}, which ${where} names`, received, advice }, { cause });
    });
  }
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseResult, type TrialResult } from '@clr/sweep';

/** The folder of the results of jobs. */
export const jobsFolder: string = fileURLToPath(new URL('../../.cache/range-test/jobs', import.meta.url));

/** The result of a job, if it exists. */
export function readResult(id: string): TrialResult | undefined {
  const path = join(jobsFolder, `${id}.json`);
  try {
    return parseResult(JSON.parse(readFileSync(path, 'utf8')), path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { unusable } from './errors.ts';
import { refuseInputs } from './writeFiles.ts';

/**
 * Refuses outputs that would overwrite an input, and paths at which no file can be written. Long commands check this
 * first. If the check failed after the work, the results would be lost.
 *
 * @param made - a folder that the command makes itself
 */
export async function checkOutputs(
  outputs: readonly (string | undefined)[],
  inputs: readonly string[],
  made?: string,
): Promise<void> {
  const paths = outputs.filter((path) => path !== undefined);
  await refuseInputs(paths, inputs);
  for (const path of paths) {
    const received = await obstacleAt(path, made);
    if (received !== undefined) {
      const advice = 'Give the name of a file in a folder that exists.';
      throw unusable({ expected: `to write ${path}`, received, advice });
    }
  }
}

/** What prevents writing a file; undefined if nothing does. */
async function obstacleAt(path: string, made: string | undefined): Promise<string | undefined> {
  if (await isFolder(path)) return 'a folder';
  const folder = dirname(resolve(path));
  if (made !== undefined && folder === resolve(made)) return undefined;
  if (!(await isFolder(folder))) return 'no such folder';
  return (await isWritable(folder)) ? undefined : 'a folder without write permission';
}

const isWritable = (folder: string): Promise<boolean> =>
  access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );

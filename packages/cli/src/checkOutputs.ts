import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { unusable } from './errors.ts';
import { refuseInputs } from './writeFiles.ts';

/**
 * Refuses outputs that would overwrite an input, that are folders, or whose folder does not exist or cannot be written. Long commands check
 * this first. If the check failed after the work, the results would be lost.
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
    const folder = dirname(resolve(path));
    const isMade = made !== undefined && folder === resolve(made);
    const received = (await isFolder(path))
      ? 'a folder'
      : isMade || (await isFolder(folder))
        ? undefined
        : 'no such folder';
    const isLocked = received === undefined && !isMade && !(await isWritable(folder));
    if (received !== undefined || isLocked) {
      const advice = 'Give the name of a file in a folder that exists.';
      throw unusable({ expected: `to write ${path}`, received: received ?? 'no permission', advice });
    }
  }
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

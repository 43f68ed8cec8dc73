import { constants, fstatSync, type Stats } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { replaceFile } from '@clr/checkpoint/node';
import type { Outcome } from './command.ts';
import { unusable } from './errors.ts';
import { nameOf } from './input/readJson.ts';

/** Writes the output files, each completely or not at all. It never overwrites an input file. */
export async function writeFiles({ files = [], inputs = [] }: Outcome): Promise<void> {
  await refuseInputs(
    files.map(({ path }) => path),
    inputs,
  );
  for (const { path, content } of files) await replaceFile(path, content);
}

/** Refuses output paths that name an input file. */
export async function refuseInputs(outputs: readonly string[], inputs: readonly string[]): Promise<void> {
  for (const path of outputs) {
    for (const input of inputs) {
      if (await isSameFile(path, input)) {
        throw unusable({
          expected: `an output other than the input ${nameOf(input)}`,
          received: path,
          advice: 'Give another name: the input would be lost.',
        });
      }
    }
  }
}

/**
 * Refuses output paths at which no file can be written. Commands call it before long work, whose result would otherwise
 * be lost.
 */
export async function refusePlaces(outputs: readonly string[]): Promise<void> {
  for (const path of outputs) {
    if ((await statusOf(path))?.isDirectory()) throw noPlace(path, 'a folder');
    const folder = dirname(path);
    const status = await statusOf(folder);
    if (!status?.isDirectory()) throw noPlace(path, status ? `${folder} is a file` : `no folder ${folder}`);
    await access(folder, constants.W_OK).catch((cause) => {
      throw noPlace(path, `a folder without write permission: ${folder}`, cause);
    });
  }
}

const noPlace = (path: string, received: string, cause?: unknown): Error =>
  unusable(
    {
      expected: `a place for the file ${path}`,
      received,
      advice: 'Give the path of a file in a folder that exists.',
    },
    cause === undefined ? undefined : { cause },
  );

/** True if an output and an input are the same file, even through links, other spellings or `- < file`. */
async function isSameFile(output: string, input: string): Promise<boolean> {
  const [one, other] = await Promise.all([
    statusOf(output),
    input === '-' ? standardInput() : statusOf(input),
  ]);
  return one !== undefined && one.ino === other?.ino && one.dev === other.dev;
}

const statusOf = (path: string): Promise<Stats | undefined> => stat(path).catch(() => undefined);

function standardInput(): Stats | undefined {
  try {
    return fstatSync(0);
  } catch {
    return undefined; // Standard input is closed.
  }
}

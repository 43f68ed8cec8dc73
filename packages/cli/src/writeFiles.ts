import { fstatSync, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
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

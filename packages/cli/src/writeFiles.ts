import { stat } from 'node:fs/promises';
import { replaceFile } from '@clr/checkpoint/node';
import type { Outcome } from './command.ts';
import { unusable } from './errors.ts';
import { nameOf } from './input/readJson.ts';

/** Writes the output files, each completely or not at all. It never overwrites an input file. */
export async function writeFiles({ files = [], inputs = [] }: Outcome): Promise<void> {
  for (const { path } of files) {
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
  for (const { path, content } of files) await replaceFile(path, content);
}

/** Whether two paths lead to the same file, also through links or other spellings. */
async function isSameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map((path) => stat(path).catch(() => undefined)));
  return one !== undefined && one.ino === other?.ino && one.dev === other.dev;
}

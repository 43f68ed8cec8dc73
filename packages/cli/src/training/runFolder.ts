import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointStore } from '@clr/checkpoint';
import { fileStore } from '@clr/checkpoint/node';
import { unusable } from '../errors.ts';

/** A run's folder: its checkpoint, its best state, and the records for `clr report`. */
export interface RunFolder {
  readonly path: string;
  readonly checkpoint: CheckpointStore;
  readonly best: CheckpointStore;
  readonly trace: string;
  readonly run: string;
}

/** Makes the folder if it does not exist. */
export async function runFolder(path: string): Promise<RunFolder> {
  const status = await stat(path).catch(() => undefined);
  if (status && !status.isDirectory()) {
    throw unusable({
      expected: `a folder for --checkpoint ${path}`,
      received: 'a file',
      advice: 'Give another name.',
    });
  }
  await mkdir(path, { recursive: true }).catch((cause) => {
    throw unusable(
      { expected: `to make the folder ${path}`, received: cause.code, advice: 'Give another name.' },
      { cause },
    );
  });
  return {
    path,
    checkpoint: fileStore(join(path, 'checkpoint.safetensors')),
    best: fileStore(join(path, 'best.safetensors')),
    ...runPaths(path),
  };
}

/** The paths of the records in a run's folder. */
export const runPaths = (folder: string): Pick<RunFolder, 'trace' | 'run'> => ({
  trace: join(folder, 'trace.json'),
  run: join(folder, 'run.json'),
});

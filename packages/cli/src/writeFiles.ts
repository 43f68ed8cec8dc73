import writeFileAtomic from 'write-file-atomic';
import type { OutputFile } from './command.ts';
import { unusable } from './errors.ts';

/** Writes each file aside and renames it into place: whatever happens, it is whole or as it was. */
export async function writeFiles(files: readonly OutputFile[]): Promise<void> {
  for (const { path, content } of files) {
    try {
      await writeFileAtomic(path, content);
    } catch (cause) {
      const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
      throw unusable(
        {
          expected: `to write ${path}`,
          received: code === 'ENOENT' ? 'no such folder' : code,
          advice: 'Give a path in a folder that exists and may be written to.',
        },
        { cause },
      );
    }
  }
}

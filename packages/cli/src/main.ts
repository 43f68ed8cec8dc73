#!/usr/bin/env node
import { replaceFile } from '@clr/checkpoint/node';
import { ClrError } from '@clr/core';
import { UsageError } from './errors.ts';
import { run } from './run.ts';

/** Text that a terminal shows as it stands: the name of a file may hold anything, and errors are escaped already. */
function visible(text: string): string {
  const escaped = (character: string) => `\\u{${character.codePointAt(0)!.toString(16)}}`;
  return text.replace(/[^\n\t\P{Cc}]/gu, escaped);
}

// A reader that has seen enough, as in `clr policy … | head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  const { text, files = [], exitCode = 0 } = await run(process.argv.slice(2));
  for (const { path, content } of files) await replaceFile(path, content);
  process.stdout.write(visible(text.endsWith('\n') ? text : `${text}\n`));
  process.exitCode = exitCode;
} catch (error) {
  // What is not ours is a defect, and its stack helps to find it.
  if (!(error instanceof ClrError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

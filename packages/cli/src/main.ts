#!/usr/bin/env node
import { ClrError } from '@clr/core';
import { UsageError } from './errors.ts';
import { plainText } from './plainText.ts';
import { run } from './run.ts';
import { writeFiles } from './writeFiles.ts';

// A reader that has seen enough, as in `clr policy … | head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  const outcome = await run(process.argv.slice(2));
  await writeFiles(outcome);
  const text = plainText(outcome.text);
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  process.exitCode = outcome.exitCode ?? 0;
} catch (error) {
  // What is not ours is a defect, and its stack helps to find it.
  if (!(error instanceof ClrError)) throw error;
  process.stderr.write(`${plainText(error.message)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

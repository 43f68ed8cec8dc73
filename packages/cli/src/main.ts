#!/usr/bin/env node
import { ClrError } from '@clr/core';
import { UsageError, unusable } from './errors.ts';
import { plainText } from './plainText.ts';
import { run } from './run.ts';
import { writeFiles } from './writeFiles.ts';

// A reader may close the pipe early, as in `clr policy … | head`. That is not a failure.
process.stdout.on('error', (cause: NodeJS.ErrnoException) => {
  if (cause.code === 'EPIPE') return;
  const advice = 'Free some disk space, or print elsewhere.';
  say(unusable({ expected: 'to print on standard output', received: cause.message, advice }, { cause }));
});

try {
  const outcome = await run(process.argv.slice(2));
  await writeFiles(outcome);
  const text = plainText(outcome.text);
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  process.exitCode = outcome.exitCode ?? 0;
} catch (error) {
  // Any other error is a bug in clr, and its stack helps to find it.
  if (!(error instanceof ClrError)) throw error;
  say(error);
}

function say(error: ClrError): void {
  process.stderr.write(`${plainText(error.message)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

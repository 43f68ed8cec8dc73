import { ClrError } from '@clr/core';

/** The text of an error for a user without a console: its sentences without the package name. */
export function problemText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof ClrError) && !/^\[clr\//.test(message)) return message;
  const [expected = '', ...rest] = message.replace(/^\[clr\/\w+\] /, '').split('\n');
  return [expected, ...rest].map((part) => (/[.:!?]$/.test(part) ? part : `${part}.`)).join(' ');
}

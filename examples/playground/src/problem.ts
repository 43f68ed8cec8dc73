import { ClrError } from '@clr/core';

/** What an error says to somebody who sees no console: its sentences, without the package that speaks. */
export function problemText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof ClrError) && !/^\[clr\//.test(message)) return message;
  const [expected = '', ...rest] = message.replace(/^\[clr\/\w+\] /, '').split('\n');
  return [expected, ...rest].map((part) => (/[.:!?]$/.test(part) ? part : `${part}.`)).join(' ');
}

import { ClrError, type Problem } from '@clr/core';

/**
 * An error for unusable input, in the form of all clr errors. The part "received" is one line, even if it quotes
 * several lines.
 */
export function unusable(problem: Problem, options?: ErrorOptions): ClrError {
  const received = problem.received.replace(/\s*\n\s*/g, ' ');
  return new ClrError('clr/cli', { ...problem, received }, options);
}

/** An invalid command line: an unknown command, flag or missing argument. */
export class UsageError extends ClrError {
  override readonly name: string = 'UsageError';

  /** @param hint - a sentence in front of the advice to read the help, such as `Did you mean "--epochs"?` */
  constructor(expected: string, received: string, command?: string, hint?: string) {
    const help = `Try: clr ${command ? `${command} ` : ''}--help`;
    super('clr/cli', { expected, received, advice: hint ? `${hint} ${help}` : help });
  }
}

import { ClrError, type Problem } from '@clr/core';

/**
 * An error for unusable input, in the format of all clr errors. Line breaks in `received` become spaces.
 */
export function unusable(problem: Problem, options?: ErrorOptions): ClrError {
  const received = problem.received.replace(/\s*\n\s*/g, ' ');
  return new ClrError('clr/cli', { ...problem, received }, options);
}

/** An invalid command line: an unknown command, flag or missing argument. */
export class UsageError extends ClrError {
  override readonly name: string = 'UsageError';

  /** @param hint - a sentence before the advice to read the help, such as `Did you mean "--epochs"?` */
  constructor(expected: string, received: string, command?: string, hint?: string) {
    const help = `Try: clr ${command ? `${command} ` : ''}--help`;
    super('clr/cli', { expected, received, advice: hint ? `${hint} ${help}` : help });
  }
}

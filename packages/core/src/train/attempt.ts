import { ClrError } from '../errors.ts';

/**
 * Asks an adapter or an iterator for something. What it throws comes out as a `ClrError` that says what was asked
 * and where: its own with a line more, any other as the cause of a new one.
 */
export async function attempt<T>(
  what: string,
  where: string,
  ask: () => T | Promise<T>,
  advice?: string,
): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    throw located(cause, what, where, advice);
  }
}

/** What was thrown, as an error that says what was asked and where. */
export function located(
  cause: unknown,
  what: string,
  where: string,
  advice = 'The cause of this error is the one that was thrown.',
): ClrError {
  if (cause instanceof ClrError) {
    cause.message += `\nThat was ${what} ${where}.`;
    return cause;
  }
  const problem = { expected: `${what} to succeed`, received: `${cause} ${where}`, advice };
  return new ClrError('clr/core', problem, { cause });
}

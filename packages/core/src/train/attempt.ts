import { ClrError } from '../errors.ts';

/**
 * Asks an adapter or an iterator for something. What it throws comes out as a `ClrError` that says what was asked
 * and where: its own with a line more, any other as the cause of a new one.
 */
export async function attempt<T>(
  what: string,
  where: string,
  ask: () => T | Promise<T>,
  advice = 'The cause of this error is the one that was thrown.',
): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof ClrError) {
      cause.message += `\nThat was ${what} ${where}.`;
      throw cause;
    }
    throw new ClrError(
      'clr/core',
      { expected: `${what} to succeed`, received: `${cause} ${where}`, advice },
      { cause },
    );
  }
}

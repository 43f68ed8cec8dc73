import { ClrError, printable, show } from '../errors.ts';
import { maxPart } from '../limits.ts';

/**
 * Calls an adapter or an iterator. Rethrows its error as a `ClrError` that says which call failed and where. A
 * `ClrError` gets one more line. Any other error becomes the cause of a new `ClrError`.
 */
export async function withContext<T>(
  what: string,
  where: string,
  ask: () => T | Promise<T>,
  advice?: string,
): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    throw addContext(cause, what, where, advice);
  }
}

/** Turns a thrown value into an error that says which call failed and where. */
export function addContext(
  cause: unknown,
  what: string,
  where: string,
  advice = 'The `cause` of this error is the original one.',
): ClrError {
  if (cause instanceof ClrError) return withLine(cause, `This happened in ${what} ${where}.`);
  const problem = { expected: `${what} to succeed`, received: `${inWords(cause)} ${where}`, advice };
  return new ClrError('clr/core', problem, { cause });
}

/**
 * Does some work and then always tidies up. If both fail, throws the work's error. Its message includes the second
 * error, and its `cause` holds both errors.
 */
export async function thenTidyUp<T>(work: () => T | Promise<T>, tidyUp: () => Promise<unknown>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (first) {
    try {
      await tidyUp();
    } catch (second) {
      throw joined(first, second);
    }
    throw first;
  }
  await tidyUp();
  return result;
}

function joined(first: unknown, second: unknown): Error {
  const line = `A second error followed: ${inWords(second)}`;
  const both = new AggregateError([first, second], `${inWords(first)}\n${line}`);
  return first instanceof ClrError ? withLine(first, line, both) : both;
}

/**
 * Copies an error and adds a line. The original stays unchanged, because the adapter may throw it again, or may have
 * frozen it.
 */
function withLine(error: ClrError, line: string, cause: unknown = error.cause): ClrError {
  const message = `${error.message}\n${line}`;
  const own = (value: unknown): PropertyDescriptor => ({ value, writable: true, configurable: true });
  return Object.create(Object.getPrototypeOf(error), {
    ...Object.getOwnPropertyDescriptors(error),
    message: own(message),
    stack: own(error.stack?.replace(error.message, () => message)),
    ...(cause !== undefined && { cause: own(cause) }),
  });
}

/** Converts any thrown value to text. */
function inWords(thrown: unknown): string {
  if (!(thrown instanceof Error)) return show(thrown);
  const text = thrown instanceof ClrError ? thrown.message : `${thrown.name}: ${thrown.message}`;
  return printable(text, maxPart, /[\n\t]/);
}

import { fail } from '../errors.ts';

/** What the runtime does, with its own errors as clear ones. */
export async function orRefused<T>(work: Promise<T>, expected: string, advice: string): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw fail(expected, cause instanceof Error ? cause.message : String(cause), advice, { cause });
  }
}

import { fail, inWords } from '../errors.ts';

/** Throws unless a value is the path of a file as text. */
export function checkPath(path: unknown): void {
  if (typeof path === 'string' && path !== '') return;
  throw fail(
    'the path of a file as a string',
    path === '' ? 'an empty string' : inWords(path),
    path === '' ? 'Name the file.' : 'Use fileURLToPath() for a URL.',
  );
}

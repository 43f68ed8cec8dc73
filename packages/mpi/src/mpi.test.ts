import { expect, it } from 'vitest';
import { mpi } from './mpi.ts';

it.each([
  [{ signal: 5 }, 'signal to be an AbortSignal'],
  [{ signal: new AbortController() }, 'signal to be an AbortSignal'],
  [{ library: 5 }, 'library to be the path of an MPI library'],
  [{ library: '' }, 'library to be the path of an MPI library'],
])('refuses invalid options before it starts MPI: %o', (options, why) => {
  expect(() => mpi(options as never)).toThrow(why);
});

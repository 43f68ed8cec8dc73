import { describe, expect, it } from 'vitest';
import { findLibrary, launcherOf } from './library.ts';

describe('findLibrary', () => {
  it('says what to install if there is no library', () => {
    expect(() => findLibrary('libno-mpi.so')).toThrow(
      /an MPI library on this machine[\s\S]*none of libno-mpi\.so[\s\S]*Install Open MPI or MPICH/,
    );
  });

  it('refuses a library that is not MPI', () => {
    expect(() => findLibrary('libc.so.6')).toThrow('none of libc.so.6');
  });
});

describe('launcherOf', () => {
  it.each([
    [{ OMPI_COMM_WORLD_SIZE: '4' }, { kind: 'Open MPI', size: 4 }],
    [
      { PMI_SIZE: '2', PMI_RANK: '1' },
      { kind: 'MPICH', size: 2 },
    ],
    [{}, undefined],
  ])('recognises the launcher from the environment %j', (env, launcher) => {
    expect(launcherOf(env)).toEqual(launcher);
  });
});

import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The launchers on this machine, by their MPI. */
export const launchers: readonly (readonly [name: string, command: readonly string[]])[] = (
  [
    ['Open MPI', ['mpirun.openmpi', '--allow-run-as-root', '--oversubscribe']],
    ['MPICH', ['mpirun.mpich']],
  ] as const
).filter(([, [command]]) => isThere(command));

function isThere(command: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command));
      return true;
    } catch {
      return false;
    }
  });
}

/** The result of a job that has ended. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Starts a program of this folder on several ranks. */
export function start(
  launcher: readonly string[],
  ranks: number,
  program: string,
  args: readonly string[] = [],
  variables: NodeJS.ProcessEnv = {},
): { readonly child: ChildProcess; readonly ended: Promise<Ended>; output(): string } {
  const [command, ...flags] = launcher as [string, ...string[]];
  const path = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(
    command,
    [...flags, '-n', String(ranks), process.execPath, '--import', 'tsx', path, ...args],
    {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      // Ranks that wait yield their cores.
      env: { ...process.env, OMPI_MCA_mpi_yield_when_idle: '1', ...variables },
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (output += piece));
  return {
    child,
    ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, output }))),
    output: () => output,
  };
}

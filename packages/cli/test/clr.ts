import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../dist/main.js', import.meta.url));
if (!existsSync(bin)) throw new Error('The tests run the built command: run `pnpm build` first.');

/** The result of running the command. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Surroundings {
  readonly input?: string;
  readonly cwd?: string;
}

/** A running command, and the promise of its result. */
interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts the built `clr` with a text on standard input. A test may send signals to `child`. */
export function start(
  args: readonly string[],
  { input = '', cwd = process.cwd() }: Surroundings = {},
): Running {
  const child = spawn(process.execPath, [bin, ...args], { cwd });
  let [out, err] = ['', ''];
  child.stdout.on('data', (piece) => {
    out += piece;
  });
  child.stderr.on('data', (piece) => {
    err += piece;
  });
  // A command that has already failed does not read its input.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, out, err })));
  return { child, ended };
}

/** Runs the built `clr` to its end. */
export const clr = (args: readonly string[], surroundings?: Surroundings): Promise<Ended> =>
  start(args, surroundings).ended;

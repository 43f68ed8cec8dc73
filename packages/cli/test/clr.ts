import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../dist/main.js', import.meta.url));
if (!existsSync(bin)) throw new Error('The tests run the built command: run `pnpm build` first.');

/** What a run of the command came to. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Surroundings {
  readonly input?: string;
  readonly cwd?: string;
}

/** Runs the built `clr` as a shell would, with text on its standard input. */
export function clr(
  args: readonly string[],
  { input = '', cwd = process.cwd() }: Surroundings = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [bin, ...args], { cwd });
  let [out, err] = ['', ''];
  child.stdout.on('data', (piece) => {
    out += piece;
  });
  child.stderr.on('data', (piece) => {
    err += piece;
  });
  // A command that has failed already reads no more.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { WorkerOptions } from '../src/index.ts';

const program = fileURLToPath(new URL('workerProcess.mjs', import.meta.url));

/** Starts a worker in its own process, and waits until it takes jobs. `env` is passed to its jobs. */
export async function startWorker(
  options: WorkerOptions,
  env: NodeJS.ProcessEnv = {},
): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await Promise.race([once(child.stdout!, 'data'), once(child, 'close')]);
  return child;
}

import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/**
 * The beginning of a temporary file's name: the target's name. If the whole name would be too long (file systems allow
 * 255 bytes), it is the start of the target's name and a hash.
 */
export function stemOf(name: string): string {
  if (Buffer.byteLength(name) <= 180) return name;
  return `${[...name].slice(0, 40).join('')}~${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}

/** The part of a temporary file's name that identifies this process: machine and process id. */
export const writerName = (): string => `${host}-${process.pid}`;

/** Removes temporary files of a target that were left by processes of this machine that have ended. */
export async function removeLeftovers(folder: string, name: string): Promise<void> {
  const start = `${stemOf(name)}.${host}-`;
  for (const file of await readdir(folder)) {
    if (!file.startsWith(start)) continue;
    const pid = /^(\d+)-[0-9a-f]{12}\.partial$/.exec(file.slice(start.length))?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) await rm(join(folder, file), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0); // Signal 0 only tests whether the process exists.
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

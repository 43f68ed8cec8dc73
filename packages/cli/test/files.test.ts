import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { triangular } from '@clr/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clr } from './clr.ts';

const bin = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const policy = triangular({ baseLr: 0.001, maxLr: 0.006, stepSize: 500 });

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clr-cli-'));
  await writeFile(join(folder, 'policy.json'), JSON.stringify(policy));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs `clr` with the redirections of a shell. */
const shell = (line: string): Promise<{ code: number; err: string }> =>
  new Promise((resolve) => {
    const env = { ...process.env, NODE: process.execPath, BIN: bin };
    execFile('sh', ['-c', line.replace('clr', '"$NODE" "$BIN"')], { cwd: folder, env }, (error, _, err) =>
      resolve({ code: Number(error?.code ?? 0), err }),
    );
  });

describe.skipIf(process.platform === 'win32')('odd files', () => {
  it('a full standard output gives a clear error', async () => {
    if (!existsSync('/dev/full')) return;
    const { code, err } = await shell('clr policy policy.json > /dev/full');
    expect(code).toBe(1);
    expect(err).toMatch(/^\[clr\/cli\] Expected to print on standard output\.\nReceived: ENOSPC/);
  });

  it('a folder or an endless device as input is refused', async () => {
    for (const line of [
      'clr policy - < .',
      'clr policy .',
      'clr policy /dev/zero',
      'clr policy - < /dev/zero',
    ]) {
      const { code, err } = await shell(line);
      expect([line, code, err.split('\n').length]).toEqual([line, 1, 4]);
    }
  });

  it('a pipe is read like a file', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect(await shell('cat policy.json > pipe & clr policy pipe')).toEqual({ code: 0, err: '' });
  });

  it.each(['policy', 'report'])('%s never overwrites the file behind standard input', async (command) => {
    await writeFile(join(folder, 'in.json'), JSON.stringify(policy));
    const flag = command === 'report' ? '--out' : '--svg';
    const { code, err } = await shell(`clr ${command} - ${flag} in.json < in.json`);
    expect([code, err.includes('Expected an output other than the input standard input')]).toEqual([1, true]);
    expect(JSON.parse(await readFile(join(folder, 'in.json'), 'utf8'))).toEqual(policy);
  });
});

it.each(['policy --svg', 'analyze --svg', 'report --out', 'report --title'])(
  'an empty value is a usage error: %s',
  async (line) => {
    const [command, flag] = line.split(' ') as [string, string];
    expect((await clr([command, 'policy.json', flag, ''], { cwd: folder })).code).toBe(2);
  },
);

it('draws a policy whose cycle ends past the last safe integer', async () => {
  const input = JSON.stringify({ ...policy, stepSize: 2 ** 52 });
  for (const args of [
    ['policy', '-', '--svg', 'l.svg'],
    ['report', '-', '--out', 'l.html'],
  ]) {
    expect((await clr(args, { cwd: folder, input })).err).toBe('');
  }
});

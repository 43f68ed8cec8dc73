import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toSchedule, triangular2 } from '@clr/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clr } from './clr.ts';

const policy = triangular2({
  baseLr: 0.001,
  maxLr: 0.006,
  stepSize: 500,
  momentum: { base: 0.85, max: 0.95 },
});

describe('clr policy', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clr-cli-'));
    await writeFile(join(folder, 'p.json'), JSON.stringify(policy));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('tabulates and draws the schedule', async () => {
    const { code, out, err } = await clr(['policy', 'p.json'], { cwd: folder });
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/0\.006┤ +┏/);
    const rows = [...out.matchAll(/^ {2}([\d,]+) +([\d.e-]+) +(\d+) +([\d.]+) +([\d.]+)$/gm)];
    expect(rows.map(([, step]) => Number(step!.replace(',', '')))).toEqual(
      Array.from({ length: 17 }, (_, row) => 250 * row),
    );
    const schedule = toSchedule(policy);
    for (const [, step, lr, cycle, phase, momentum] of rows) {
      const at = schedule.at(Number(step!.replace(',', '')));
      expect(Number(lr)).toBeCloseTo(at.lr, 8);
      expect([Number(cycle), Number(phase)]).toEqual([at.cycle, at.phase]);
      expect(Number(momentum)).toBeCloseTo(at.momentum!, 2);
    }
  });

  it('reads standard input, takes --steps and writes the picture', async () => {
    const args = ['policy', '-', '--steps', '100', '--svg', 'p.svg'];
    const { code, out } = await clr(args, { cwd: folder, input: '{"type":"constant","lr":0.25}' });
    expect([code, out.includes('constant, from standard input, 100 steps')]).toEqual([0, true]);
    expect(await readFile(join(folder, 'p.svg'), 'utf8')).toContain('between 0.25 and 0.25');
    expect((await readdir(folder)).sort()).toEqual(['p.json', 'p.svg']);
  });

  it.each([
    ['{"type":"decay","maxLr":0.5,"steps":400}', 'decay, from standard input, 400 steps'],
    ['{"type":"wsd","maxLr":0.5,"steps":100,"cycles":4}', 'wsd, from standard input, 400 steps'],
  ])('shows %s up to its last trough', async (input, words) => {
    const { code, out } = await clr(['policy', '-'], { cwd: folder, input });
    expect([code, out.includes(words)]).toEqual([0, true]);
    expect(out).toMatch(/^ {2}400 +0 +\d +0\.000$/m);
  });

  it('keeps the old picture if the policy is bad', async () => {
    await writeFile(join(folder, 'p.svg'), 'as it was');
    const { code, out } = await clr(['policy', '-', '--svg', 'p.svg'], {
      cwd: folder,
      input: '{"type":"triangluar"}',
    });
    expect([code, out]).toEqual([1, '']);
    expect(await readFile(join(folder, 'p.svg'), 'utf8')).toBe('as it was');
  });

  it.each([
    ['a misspelt type', '{"type":"triangluar"}', 'Did you mean "triangular"?'],
    ['a baseLr above maxLr', '{"type":"triangular","baseLr":1,"maxLr":0.1,"stepSize":5}', 'baseLr = 1'],
    ['text that is not JSON', 'lr: 0.1', 'Expected JSON in standard input'],
    ['empty input', '', 'Received: nothing'],
  ])('refuses %s', async (_, input, words) => {
    const { code, out, err } = await clr(['policy', '-'], { input });
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(words);
    expect(err).toMatch(/^\[clr\/\w+\] Expected .*\.\nReceived: .*\n.+\n$/s);
  });

  it.each([
    [[], 'Received: 0 files'],
    [['a', 'b'], 'Received: 2 files'],
    [['-', '--steps', '1.5'], 'Received: --steps 1.5'],
    [['-', '--stpes', '5'], "Received: Unknown option '--stpes'"],
    [['-', '--svg'], '--svg'],
  ])('refuses the arguments %j', async (args, words) => {
    const { code, out, err } = await clr(['policy', ...args], { input: JSON.stringify(policy) });
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(words);
    expect(err).toContain('Try: clr policy --help');
  });

  it.each([
    ['gone.json', 'Received: no such file'],
    ['.', 'Received: a folder'],
  ])('refuses to read %s', async (path, words) => {
    const { code, err } = await clr(['policy', path], { cwd: folder });
    expect([code, err.includes(words)]).toEqual([1, true]);
  });

  it('names the file that it cannot write, and prints nothing else', async () => {
    const { code, out, err } = await clr(['policy', 'p.json', '--svg', 'no/p.svg'], { cwd: folder });
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('Expected to write "no/p.svg".\nReceived: no such folder');
  });
});

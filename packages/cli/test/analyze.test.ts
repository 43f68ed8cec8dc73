import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { analyzeRangeTest } from '@clr/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clr } from './clr.ts';
import { exampleTrace } from './examples.ts';

const trace = exampleTrace();

describe('clr analyze', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clr-cli-'));
    await writeFile(join(folder, 'trace.json'), JSON.stringify(trace));
    await writeFile(join(folder, 'flat.json'), JSON.stringify(exampleTrace(0)));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('prints with --json exactly what analyzeRangeTest returns', async () => {
    const { code, out } = await clr(['analyze', 'trace.json', '--json'], { cwd: folder });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(analyzeRangeTest(trace));
  });

  it('reads files from Windows: UTF-8 with a byte order mark, and UTF-16', async () => {
    const json = `\ufeff${JSON.stringify(trace)}`;
    await writeFile(join(folder, 'notepad.json'), json);
    await writeFile(join(folder, 'powershell.json'), json, 'utf16le');
    for (const name of ['notepad.json', 'powershell.json']) {
      const { code, out } = await clr(['analyze', name, '--json'], { cwd: folder });
      await rm(join(folder, name));
      expect(code).toBe(0);
      expect(JSON.parse(out)).toEqual(analyzeRangeTest(trace));
    }
    const { code, out } = await clr(['analyze', '-', '--json'], { cwd: folder, input: json });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(analyzeRangeTest(trace));
  });

  it('passes --steps and --update to the analysis, and refuses bad values', async () => {
    const args = ['analyze', 'trace.json', '--json', '--steps', '20000', '--update', 'adaptive'];
    const { out } = await clr(args, { cwd: folder });
    expect(JSON.parse(out)).toEqual(analyzeRangeTest(trace, { steps: 20_000, updateKind: 'adaptive' }));
    for (const bad of [
      ['--steps', '1.5'],
      ['--update', 'adam'],
    ]) {
      const { code, err } = await clr(['analyze', 'trace.json', ...bad], { cwd: folder });
      expect(code).toBe(2);
      expect(err).toContain(`Received: ${bad.join(' ')}`);
    }
  });

  it('describes and draws one or several traces, and writes the picture', async () => {
    const args = ['analyze', 'trace.json', 'trace.json', '--svg', 't.svg'];
    const { code, out } = await clr(args, { cwd: folder });
    expect(code).toBe(0);
    expect(out).toMatch(/^ +b +f +m +e$/m);
    expect(out).toContain('Decay the rate to 0 from ');
    expect(await readFile(join(folder, 't.svg'), 'utf8')).toContain('maxLr');
    expect((await readdir(folder)).sort()).toEqual(['flat.json', 't.svg', 'trace.json']);
  });

  it('exits with 3 if the curve gives no suggestion, and says why', async () => {
    const { code, out, err } = await clr(['analyze', 'flat.json'], { cwd: folder });
    expect([code, err]).toEqual([3, '']);
    expect(out).toContain('This curve gives no suggestion.\nFlat: ');
  });

  it.each([
    ['an empty array', [], 'lists of rates and losses in standard input'],
    ['an unknown version', { ...trace, version: 2 }, 'standard input.version to be 1'],
    [
      'an unknown spacing',
      { ...trace, spacing: 'log' },
      'standard input.spacing to be "linear" or "exponential"',
    ],
    [
      'a rate that is a string',
      { ...trace, points: [{ step: 0, lr: '1', loss: 1 }] },
      'points[0].lr to be a finite number',
    ],
    [
      'a negative rate',
      { ...trace, points: [{ step: 0, lr: -1, loss: 1 }] },
      'points[0].lr to be a finite number of at least 0',
    ],
    [
      'a missing loss',
      { ...trace, points: [{ step: 0, lr: 1 }] },
      'points[0].loss to be a finite number or null',
    ],
    [
      'a fractional step',
      { ...trace, points: [{ step: 0.5, lr: 1, loss: 1 }] },
      'points[0].step to be an integer',
    ],
    ['a trace without points', { ...trace, points: undefined }, 'standard input.points to be an array'],
    [
      'an unknown reason for the end',
      { ...trace, stopped: { step: 1, reason: 'bored' } },
      'stopped.reason to be "diverged" or "aborted" or "ended"',
    ],
  ])('refuses %s', async (_, value, words) => {
    const { code, out, err } = await clr(['analyze', '-'], { input: JSON.stringify(value) });
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(`Expected `);
    expect(err).toContain(words);
  });

  it('reads files of other tools, says how it read them, and accepts other column names', async () => {
    const { points } = trace;
    const rows = points.map(({ lr, loss }) => `${lr}\t${loss}`);
    await writeFile(join(folder, 'log.tsv'), ['rate of learning\ttrain_loss', ...rows].join('\n'));
    const args = ['analyze', 'log.tsv', '--lr', 'rate of learning'];
    const { code, out } = await clr(args, { cwd: folder });
    expect([code, out.split('\n')[0]]).toEqual([
      0,
      'log.tsv: Format: CSV. The rate is "rate of learning", and the loss is "train_loss".',
    ]);
    const found = await clr([...args, '--json', '--smoothing', 'none'], { cwd: folder });
    expect(JSON.parse(found.out)).toEqual(analyzeRangeTest(trace));
    const smoothed = await clr([...args, '--json', '--smoothing', '0.9'], { cwd: folder });
    expect(JSON.parse(smoothed.out)).toEqual(analyzeRangeTest(trace, { smoothing: { beta: 0.9 } }));
    expect((await clr([...args, '--smoothing', '1'], { cwd: folder })).code).toBe(2);
    await rm(join(folder, 'log.tsv'));
  });

  it('refuses a command line without a file', async () => {
    expect((await clr(['analyze'])).code).toBe(2);
  });
});

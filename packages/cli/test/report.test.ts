import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { triangular } from '@clr/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clr } from './clr.ts';
import { exampleRun, exampleTrace } from './examples.ts';

describe('clr report', () => {
  let folder = '';
  const write = (name: string, value: unknown) => writeFile(join(folder, name), JSON.stringify(value));
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clr-cli-'));
    await write('trace.json', exampleTrace());
    await write('cycled.json', exampleRun());
    await write('other.json', exampleRun());
    await write('policy.json', triangular({ baseLr: 0.001, maxLr: 0.006, stepSize: 500 }));
    await write('nothing.json', { answer: 42 });
    await write('broken.json', { ...exampleRun(), steps: [{ step: 0, lr: 1, loss: 'high' }] });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('puts every kind of file into one page', async () => {
    const files = ['trace.json', 'cycled.json', 'other.json', 'policy.json'];
    const args = ['report', ...files, '--out', 'r.html', '--title', 'A <title>'];
    const { code, out, err } = await clr(args, { cwd: folder });
    expect([code, err, out]).toEqual([0, '', 'Written: r.html\n']);
    const html = await readFile(join(folder, 'r.html'), 'utf8');
    expect(html).toContain('<h1>A &lt;title&gt;</h1>');
    for (const word of ['LR range test', 'Training runs', '— cycled', '— other', 'cycled: triangular2']) {
      expect(html).toContain(word);
    }
    // Five pictures, each wide and narrow: the trace, both runs in one, their two policies, and the separate policy.
    expect(html.match(/<svg/g)).toHaveLength(10);
  });

  it('accepts a folder that clr train --checkpoint made', async () => {
    await mkdir(join(folder, 'kept'));
    await write('kept/trace.json', exampleTrace());
    await write('kept/run.json', exampleRun());
    const { code, err } = await clr(['report', 'kept/', '--out', 'kept.html'], { cwd: folder });
    expect([code, err]).toEqual([0, '']);
    const html = await readFile(join(folder, 'kept.html'), 'utf8');
    for (const word of ['LR range test', '— kept', 'kept: triangular2']) expect(html).toContain(word);
  });

  it('refuses a folder without records', async () => {
    await mkdir(join(folder, 'bare'));
    const { code, err } = await clr(['report', 'bare', '--out', 'bare.html'], { cwd: folder });
    expect([code, err.split('\n')[0]]).toEqual([
      1,
      '[clr/cli] Expected trace.json or run.json in the folder bare.',
    ]);
  });

  it('draws policies and runs of more than a million steps', async () => {
    await write('long.json', triangular({ baseLr: 0.001, maxLr: 0.006, stepSize: 1_000_000 }));
    const { code, err } = await clr(['report', 'long.json', '--out', 'long.html'], { cwd: folder });
    expect([code, err]).toEqual([0, '']);
    expect(await readFile(join(folder, 'long.html'), 'utf8')).toContain('over 8,000,000 steps');
  });

  it.each([
    ['nothing.json', 'to hold a trace (points), a run (troughs) or a policy (type)'],
    ['broken.json', 'broken.json.steps[0].loss to be a finite number or null'],
  ])('refuses %s and writes nothing', async (file, words) => {
    const { code, err } = await clr(['report', file, '--out', 'none.html'], { cwd: folder });
    expect([code, err.includes(words)]).toEqual([1, true]);
    await expect(readFile(join(folder, 'none.html'))).rejects.toThrow('ENOENT');
  });

  it.each([[['trace.json']], [['--out', 'x.html']]])('refuses the arguments %j', async (args) => {
    expect((await clr(['report', ...args], { cwd: folder })).code).toBe(2);
  });
});

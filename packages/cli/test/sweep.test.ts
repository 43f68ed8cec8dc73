import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { meets } from '@clr/tooling/needs';
import { hasRedis, redisServer } from '@clr/tooling/redisServer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clr, type Ended, start } from './clr.ts';
import { tableText } from './shapes.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clr-sweep-'));
  await writeFile(join(folder, 'table.csv'), tableText(200));
  await run(
    'new',
    'mlp',
    '--data',
    'table.csv',
    '--target',
    'level',
    '--drop',
    'price',
    '--out',
    'start.onnx',
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...args: readonly string[]): Promise<Ended> => clr(args, { cwd: folder });

/** The files of a folder with their contents. */
async function filesOf(name: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(join(folder, name))).sort();
  const texts = await Promise.all(names.map((each) => readFile(join(folder, name, each), 'utf8')));
  return Object.fromEntries(names.map((each, at) => [each, texts[at]!]));
}

describe('a grid', () => {
  it('gives a table, and with one worker the same jobs from a file give bit-identical results', async () => {
    const grid = ['sweep', 'start.onnx', '--data', 'table.csv', '--lr', '0.0001,0.02', '--steps', '40'];
    const { code, out, err } = await run(...grid, '--out', 'rates', '--report', 'rates.html');
    expect(code).toBe(0);
    expect(err).toContain('sweep  2/2');
    expect(out).toMatch(/2 results, in rates\n/);
    expect(out).toContain('The lowest loss: policy maxLr 0.02.');
    expect(await readFile(join(folder, 'rates.html'), 'utf8')).toContain('policy maxLr 0.0001');

    const list = await run(...grid, '--list');
    await writeFile(join(folder, 'jobs.json'), list.out);
    const again = await run('sweep', 'jobs.json', '--out', 'again', '--workers', '1', '--json');
    expect([again.code, again.err]).toEqual([0, '']);
    const { rows, failed } = JSON.parse(again.out);
    expect(rows.map(({ lr, steps }: { lr: number; steps: number }) => [lr, steps])).toEqual([
      [0.0001, 40],
      [0.02, 40],
    ]);
    expect(failed).toEqual([]);
    expect(await filesOf('again')).toEqual(await filesOf('rates'));
  });

  it('of range tests pools all seeds into one analysis', async () => {
    const args = ['--range-test', '--tests', '60', '--optimizer', 'sgd', '--seed', '1,2', '--steps', '500'];
    const { code, out } = await run(
      'sweep',
      'start.onnx',
      '--data',
      'table.csv',
      ...args,
      '--out',
      'tests',
      '--json',
    );
    const { rows, rangeTests } = JSON.parse(out);
    expect(rows).toHaveLength(2);
    expect(rangeTests).toMatchObject([{ ids: rows.map(({ id }: { id: string }) => id) }]);
    expect(code).toBe(rangeTests[0].finding.suggestion ? 0 : 3);
  });
});

describe('a sweep that is stopped', () => {
  it('says how to resume, and then gives the same bits as an uninterrupted sweep', async () => {
    const args = [
      'sweep',
      'start.onnx',
      '--data',
      'table.csv',
      '--lr',
      '0.003',
      '--seed',
      '1,2',
      '--steps',
      '2500',
    ];
    expect((await run(...args, '--out', 'whole', '--quiet')).code).toBe(0);
    const stoppable = [...args, '--out', 'stopped', '--quiet'];
    const { child, ended } = start(stoppable, { cwd: folder });
    const hasCheckpoint = async () =>
      (await readdir(join(folder, 'stopped')).catch(() => [])).some((name) => name.endsWith('.safetensors'));
    while (child.exitCode === null && !(await hasCheckpoint())) await sleep(10);
    child.kill('SIGINT');
    const { code, out } = await ended;
    // On a fast machine the sweep may end before the signal.
    if (code !== 0) {
      expect(code).toBe(130);
      expect(out).toMatch(/^Stopped with \d of 2 results in stopped\. Resume with:\n/);
      expect(out).toContain(`clr ${stoppable.join(' ')}`);
    }
    expect((await run(...stoppable)).code).toBe(0);
    expect(await filesOf('stopped')).toEqual(await filesOf('whole'));
  });
});

describe('jobs in a file', () => {
  it('lists a job that fails, and runs the others', async () => {
    const job = { data: 'table.csv', model: 'start.onnx', optimizer: { type: 'adam' }, seed: 1 };
    const task = { type: 'fixed', lr: 0.01, steps: 20 };
    const jobs = [
      { ...job, id: 'good', task },
      { ...job, id: 'bad', task, data: { path: 'table.csv', batch: 'many' } },
    ];
    await writeFile(join(folder, 'mixed.json'), JSON.stringify(jobs));
    const { code, out } = await run('sweep', 'mixed.json', '--out', 'mixed', '--quiet');
    expect(code).toBe(1);
    expect(out).toContain('1 result, in mixed');
    expect(out).toMatch(/Failed: bad: .*--batch to be a whole number/);
    expect(Object.keys(await filesOf('mixed'))).toEqual(['good.json']);
  });

  it("can be opened by the user's own module", async () => {
    await writeFile(
      join(folder, 'open.mjs'),
      `export const open = () => { throw new Error('no ' + process.argv.length); };`,
    );
    const job = {
      model: { any: 1 },
      data: null,
      optimizer: { type: 'sgd' },
      seed: 1,
      task: { type: 'fixed', lr: 1, steps: 1 },
    };
    await writeFile(join(folder, 'own.json'), JSON.stringify([job]));
    const { code, out } = await run('sweep', 'own.json', '--module', 'open.mjs', '--out', 'own', '--quiet');
    expect([code, out]).toEqual([1, expect.stringMatching(/Failed: \w+: no 4/)]);
  });
});

describe('a sweep over a queue', () => {
  const grid = [
    'sweep',
    'start.onnx',
    '--data',
    'table.csv',
    '--lr',
    '0.01',
    '--seed',
    '1,2',
    '--steps',
    '30',
    '--quiet',
  ];

  it('reports at once that Redis does not answer', async () => {
    const redis = 'redis://127.0.0.1:1';
    for (const args of [[...grid, '--out', 'never'], ['worker']]) {
      const { code, out, err } = await run(...args, '--redis', redis);
      expect([code, out]).toEqual([1, '']);
      expect(err).toContain(`Expected Redis to answer at ${redis}.`);
    }
  });

  it.skipIf(!meets('redis', hasRedis, 'no redis-server'))(
    'gives the same bits as a sweep in local processes',
    async () => {
      const server = await redisServer();
      await server.start();
      const args = ['worker', '--redis', server.url, '--workers', '1', '--folder', 'shared'];
      const { child, ended } = start(args, { cwd: folder });
      expect(await run(...grid, '--out', 'far', '--redis', server.url)).toMatchObject({ code: 0 });
      child.kill('SIGINT');
      expect(await ended).toMatchObject({ code: 0 });
      await server.remove();
      expect(await run(...grid, '--out', 'near')).toMatchObject({ code: 0 });
      expect(await filesOf('far')).toEqual(await filesOf('near'));
    },
  );
});

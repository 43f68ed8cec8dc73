import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { meets } from '@clr/tooling/needs';
import { hasRedis, redisServer } from '@clr/tooling/redisServer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clr, type Ended, start } from './clr.ts';
import { tableText, writeShapes } from './shapes.ts';

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

it('with plans says why no rate was found, and exits with 3', async () => {
  // The target does not depend on the column, so no rate lowers the loss.
  const rows = Array.from({ length: 60 }, (_, i) => `${i % 7},${i % 2 ? 'p' : 'q'}`);
  await writeFile(join(folder, 'vain.csv'), ['a,y', ...rows].join('\n'));
  await run('new', 'mlp', '--data', 'vain.csv', '--out', 'vain.onnx');
  const args = ['sweep', 'vain.onnx', '--data', 'vain.csv', '--steps', '10', '--out', 'vain', '--quiet'];
  const { code, out } = await run(...args);
  expect(out).toMatch(/autoClr +none/);
  expect(out).toMatch(/\nautoClr \(one test\):\n {2}\S/);
  expect(code).toBe(3);
  const json = await run(...args, '--json');
  expect(json.code).toBe(3);
  expect(JSON.parse(json.out).rangeTests).toMatchObject([
    { label: 'autoClr', finding: { suggestion: null } },
  ]);
});

describe('a sweep whose inputs change', () => {
  const train = (out: string, ...more: readonly string[]) =>
    run('sweep', 'start.onnx', '--data', 'now.csv', ...more, '--steps', '5', '--out', out, '--json');
  const grid = ['--lr', '0.01', '--seed', '1,2'];
  const idsIn = ({ out }: Ended): readonly string[] =>
    JSON.parse(out).rows.map(({ id }: { id: string }) => id);

  it('keeps its results if the contents are the same, and otherwise runs the jobs again', async () => {
    await writeFile(join(folder, 'now.csv'), tableText(100));
    const first = await train('now', ...grid);
    expect([first.code, first.err]).toEqual([0, '']);
    const files = await filesOf('now');

    // A copy with the same contents changes nothing.
    await writeFile(join(folder, 'now.csv'), tableText(100));
    expect(await train('now', ...grid)).toEqual(first);
    expect(await filesOf('now')).toEqual(files);

    await writeFile(join(folder, 'now.csv'), tableText(80));
    const second = await train('now', ...grid);
    expect(second.code).toBe(0);
    expect(idsIn(second)).not.toEqual(idsIn(first));
    expect(JSON.parse(second.out).rows).not.toEqual(JSON.parse(first.out).rows);

    // A new encoding beside the model is another input.
    const encoding = join(folder, 'start.encoding.json');
    const before = await readFile(encoding, 'utf8');
    await writeFile(encoding, `${before}\n`);
    expect(idsIn(await train('now', ...grid))).not.toEqual(idsIn(second));
    await writeFile(encoding, before);
  });

  it('refuses the result of a job with an id of its own', async () => {
    await writeFile(join(folder, 'now.csv'), tableText(100));
    const { out } = await run('sweep', 'start.onnx', '--data', 'now.csv', ...grid, '--steps', '5', '--list');
    const jobs = JSON.parse(out).map((job: object, at: number) => ({ ...job, id: `job${at}` }));
    await writeFile(join(folder, 'now.json'), JSON.stringify(jobs));
    const go = () => run('sweep', 'now.json', '--out', 'named', '--json');
    expect(idsIn(await go())).toEqual(['job0', 'job1']);
    expect((await go()).code).toBe(0);
    await writeFile(join(folder, 'now.csv'), tableText(80));
    const { code, err } = await go();
    expect(code).toBe(1);
    expect(err).toContain('Received: a result of another job with this id, or of other inputs');
  });

  it('runs jobs again whose results do not say which inputs they had', async () => {
    await writeFile(join(folder, 'now.csv'), tableText(100));
    const first = await train('old', ...grid);
    for (const [name, text] of Object.entries(await filesOf('old'))) {
      await rm(join(folder, 'old', name));
      const { job, ...result } = JSON.parse(text);
      const { inputs: _, ...old } = job;
      const list = await run('sweep', 'start.onnx', '--data', 'now.csv', ...grid, '--steps', '5', '--list');
      const { id } = JSON.parse(list.out).find(({ seed }: { seed: number }) => seed === old.seed);
      await writeFile(join(folder, 'old', `${id}.json`), JSON.stringify({ ...result, job: { ...old, id } }));
    }
    expect(await train('old', ...grid)).toEqual(first);
    expect(Object.keys(await filesOf('old'))).toHaveLength(4);
  });

  it('notices a picture that was replaced', async () => {
    await writeShapes(join(folder, 'shapes'), 4);
    await run('new', 'cnn', '--data', 'shapes', '--size', '8', '--filters', '2', '--out', 'cnn.onnx');
    const go = () =>
      run('sweep', 'cnn.onnx', '--data', 'shapes', '--lr', '0.01', '--steps', '3', '--out', 'seen', '--json');
    const first = await go();
    expect(first.code).toBe(0);
    expect(idsIn(await go())).toEqual(idsIn(first));
    await writeFile(
      join(folder, 'shapes', 'line', '0.png'),
      await readFile(join(folder, 'shapes', 'cross', '1.png')),
    );
    expect(idsIn(await go())).not.toEqual(idsIn(first));
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

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { arraysDataset, bytesSource, encodeNpz, openArrays } from '@clr/data';
import { buildModel, describeModel, type LayerSpec } from '@clr/onnx';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clr, type Ended, start } from './clr.ts';
import { noise, noisyTableText, tableText, writeShapes } from './shapes.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clr-train-'));
  await writeShapes(join(folder, 'shapes'), 40);
  await writeFile(join(folder, 'table.csv'), tableText(400));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...args: readonly string[]): Promise<Ended> => clr(args, { cwd: folder });
const json = async (...args: readonly string[]) => {
  const { code, out, err } = await run(...args, '--json');
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out);
};

describe('a folder of images', () => {
  it('trains a classifier with one command, starting from a model for other classes', async () => {
    const conv = (filters: number): LayerSpec[] => [
      { type: 'conv2d', filters, kernel: 3, padding: 1 },
      { type: 'relu' },
      { type: 'maxPool', size: 2 },
    ];
    const layers: LayerSpec[] = [
      ...conv(8),
      ...conv(16),
      { type: 'flatten' },
      { type: 'dense', units: 1000 },
    ];
    await writeFile(join(folder, 'backbone.onnx'), buildModel({ input: [3, 24, 24], layers }));
    const trained = await json(
      'train',
      'backbone.onnx',
      '--data',
      'shapes',
      '--head',
      'auto',
      '--epochs',
      '20',
      '--out',
      'shapes.onnx',
    );
    expect(trained).toMatchObject({ out: 'shapes.onnx', examples: { train: 160, validation: 40 } });
    expect(trained.final.accuracy).toBeGreaterThan(0.6);
    // The validation data have eight pictures of each class.
    expect(trained.constant.accuracy).toBe(0.2);
    expect(trained.constant.loss).toBeCloseTo(Math.log(5), 12);
    const measured = await json('evaluate', 'shapes.onnx', '--data', 'shapes');
    expect(measured).toMatchObject({ examples: 200, constantAccuracy: 0.2 });
    expect(measured.accuracy).toBeGreaterThan(0.6);
    const predicted = await run('predict', 'shapes.onnx', '--data', 'shapes/circle', '--out', 'circles.csv');
    expect(predicted).toMatchObject({ code: 0, err: '' });
    const [header, ...rows] = (await readFile(join(folder, 'circles.csv'), 'utf8')).trim().split('\n');
    expect([header, rows.length]).toEqual(['class,probability', 40]);
    expect(rows.filter((row) => row.startsWith('circle,')).length).toBeGreaterThan(20);
  });
});

describe('a table', () => {
  it.each([
    ['classification', 'level', 'price'],
    ['regression', 'price', 'level'],
  ])('trains a new model that beats a constant answer: %s', async (kind, target, other) => {
    const flags = ['--data', 'table.csv', '--target', target, '--drop', other];
    expect((await run('new', 'mlp', ...flags, '--out', `${kind}.onnx`)).code).toBe(0);
    const out = `${kind}-trained.onnx`;
    await json('train', `${kind}.onnx`, '--data', 'table.csv', '--epochs', '30', '--out', out);
    const found = await json('evaluate', out, '--data', 'table.csv');
    if (kind === 'classification') expect(found.accuracy).toBeGreaterThan(found.constantAccuracy + 0.25);
    else expect(found.r2).toBeGreaterThan(0.85);
    const predicted = await run('predict', out, '--data', 'table.csv', '--out', `${kind}.npz`);
    expect(predicted).toMatchObject({ code: 0, err: '' });
  });

  it('gets predictions with all digits of a float, and notes on values that no training row has', async () => {
    const [header, ...rows] = tableText(40).split('\n');
    const changed = rows.map((row, i) =>
      i < 3 ? row.replace(/Rome|Oslo|Bonn/, 'Rio') : i === 5 ? row.replace(/^[^,]*/, '') : row,
    );
    await writeFile(join(folder, 'later.csv'), [header, ...changed].join('\n'));
    for (const out of ['later.npz', 'later-answers.csv']) {
      const { code, out: said } = await run(
        'predict',
        'regression-trained.onnx',
        '--data',
        'later.csv',
        '--out',
        out,
      );
      expect(code).toBe(0);
      expect(said).toContain(
        '"town" has values in 3 rows that no training row has, such as "Rio"; they count as missing.',
      );
      expect(said).toContain('"area" is missing in 1 row, but in no training row; the mean takes its place.');
    }
    const { target } = JSON.parse(await readFile(join(folder, 'regression-trained.encoding.json'), 'utf8'));
    const arrays = await openArrays(bytesSource(await readFile(join(folder, 'later.npz'))), 'later');
    const dataset = await arraysDataset({
      outputs: { array: arrays.find(({ name }) => name === 'outputs')!, type: 'float32' },
    });
    const { outputs } = await dataset.read(changed.map((_, i) => i));
    const [name, ...prices] = (await readFile(join(folder, 'later-answers.csv'), 'utf8')).trim().split('\n');
    expect(name).toBe('price');
    expect(prices.map((price) => Math.fround((Number(price) - target.mean) / target.std))).toEqual([
      ...outputs!.data,
    ]);
  });

  it('gets a small model with a linear path if it has few rows, and a larger model if it has many', async () => {
    for (const [rows, sizes] of [
      [100, [32, 2]],
      [2500, [32, 32]],
    ] as const) {
      await writeFile(join(folder, 'rows.csv'), tableText(rows));
      const { out } = await run('new', 'mlp', '--data', 'rows.csv', '--drop', 'price', '--out', 'rows.onnx');
      expect(
        out.includes('With only 80 rows to train on, the model has 32 hidden units beside a linear path'),
      ).toBe(rows === 100);
      const { weights } = describeModel(await readFile(join(folder, 'rows.onnx')));
      const biases = weights.filter(({ name }) => name.endsWith('bias')).map(({ dims }) => dims[0]);
      expect(biases).toEqual([...sizes, 2]);
    }
  });

  it('with few, noisy rows gets a second range test on all rows, and a model that has learned', async () => {
    const [header, ...rows] = noisyTableText(2300).split('\n');
    await writeFile(join(folder, 'noisy.csv'), [header, ...rows.slice(0, 300)].join('\n'));
    await writeFile(join(folder, 'fresh.csv'), [header, ...rows.slice(300)].join('\n'));
    const data = ['--data', 'noisy.csv', '--target', 'answer', '--batch', '8', '--epochs', '30'];
    await run('new', 'mlp', ...data.slice(0, 4), '--out', 'noisy.onnx');
    const tested = await run('range-test', 'noisy.onnx', ...data, '--tests', '135', '--quiet');
    expect(tested.out).toContain('so this is a second test, with the loss of all 240 training rows');
    const out = 'noisy-trained.onnx';
    const trained = await json('train', 'noisy.onnx', ...data, '--out', out);
    expect(trained.final.loss).toBeLessThan(trained.constant.loss);
    expect((await json('evaluate', out, '--data', 'fresh.csv')).r2).toBeGreaterThan(0.2);
  });

  it('of pure noise gives a warning that the model is no better than a constant answer', async () => {
    const rows = Array.from({ length: 80 }, (_, i) =>
      Array.from({ length: 9 }, (_, j) => noise(9 * i + j).toFixed(3)).join(),
    );
    await writeFile(join(folder, 'noise.csv'), ['a,b,c,d,e,f,g,h,y', ...rows].join('\n'));
    await run('new', 'mlp', '--data', 'noise.csv', '--target', 'y', '--out', 'noise.onnx');
    const flags = ['--data', 'noise.csv', '--lr', '0.01', '--epochs', '10', '--quiet'];
    const { code, out } = await run('train', 'noise.onnx', ...flags, '--out', 'noise-trained.onnx');
    expect(code).toBe(0);
    expect(out).toContain(
      'Warning: on the validation data this model is no better than the best constant answer.',
    );
  });

  it('is measured by a range test, which does not change the model', async () => {
    const data = ['--data', 'table.csv', '--seed', '2'];
    await run('new', 'mlp', ...data, '--target', 'level', '--out', 'tested.onnx');
    const before = await readFile(join(folder, 'tested.onnx'));
    const { trace, finding } = await json('range-test', 'tested.onnx', ...data, '--out', 'trace.json');
    expect(finding.suggestion.maxLr).toBeGreaterThan(1e-4);
    expect(JSON.parse(await readFile(join(folder, 'trace.json'), 'utf8'))).toEqual(trace);
    expect(await readFile(join(folder, 'tested.onnx'))).toEqual(before);
  });
});

describe('a sequence', () => {
  it('of tokens is classified by a new transformer, whose weights a --lr-scale of 0 freezes', async () => {
    // The class is whether token 1 comes before token 2, so only the order matters.
    const [count, steps] = [400, 6];
    const x = new BigInt64Array(count * steps).fill(3n);
    const y = BigInt64Array.from({ length: count }, (_, i) => {
      const [first, second] = [i % steps, (i + 1 + ((i * 7) % (steps - 1))) % steps];
      x[i * steps + first] = 1n;
      x[i * steps + second] = 2n;
      return first < second ? 1n : 0n;
    });
    const data = encodeNpz({ x: { dims: [count, steps], data: x }, y: { dims: [count], data: y } });
    await writeFile(join(folder, 'tokens.npz'), data);
    const size = ['--width', '16', '--heads', '2', '--blocks', '1'];
    const made = ['new', 'transformer', '--data', 'tokens.npz', '--vocabulary', '4', ...size];
    expect(await run(...made, '--out', 'encoder.onnx')).toMatchObject({ code: 0, err: '' });
    const args = ['train', 'encoder.onnx', '--data', 'tokens.npz', '--epochs', '15', '--lr', '0.01'];
    const trained = await json(...args, '--out', 'order.onnx');
    expect(trained.final.accuracy).toBeGreaterThan(0.9);
    const still = await json(...args, '--lr-scale', '*=0', '--out', 'still.onnx');
    expect(still.final.loss).toBe(still.start.loss);
  });
});

describe('a run that is killed', () => {
  it('ends, when resumed, with the same bits as an uninterrupted run', async () => {
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
    const args = ['train', 'start.onnx', '--data', 'table.csv', '--epochs', '150', '--seed', '3', '--quiet'];
    expect((await run(...args, '--out', 'whole.onnx')).code).toBe(0);
    const resumable = [...args, '--checkpoint', 'run', '--out', 'resumed.onnx'];
    // The first process is killed. The second resumes the run, is interrupted, and says how to resume.
    for (const [signal, wait] of [
      ['SIGKILL', 1500],
      ['SIGINT', 2500],
    ] as const) {
      const { child, ended } = start(resumable, { cwd: folder });
      // On a fast machine the run may end before the signal.
      await new Promise((resolve) => setTimeout(resolve, wait));
      child.kill(signal);
      const { code, out } = await ended;
      if (code === 130) expect(out).toContain(`clr ${resumable.join(' ')}`);
    }
    expect((await run(...resumable)).code).toBe(0);
    expect(await readFile(join(folder, 'resumed.onnx'))).toEqual(await readFile(join(folder, 'whole.onnx')));
    expect((await readdir(join(folder, 'run'))).filter((name) => name.endsWith('.partial'))).toEqual([]);
    const other = await run(
      'train',
      'start.onnx',
      '--data',
      'table.csv',
      '--checkpoint',
      'run',
      '--out',
      'x.onnx',
    );
    expect([other.code, other.err.split('\n')[1]]).toEqual([
      1,
      'Received: other options, another model or other data',
    ]);
  });
});

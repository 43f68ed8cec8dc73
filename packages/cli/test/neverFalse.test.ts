import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probabilitiesOf } from '../src/training/answer.ts';
import { clr } from './clr.ts';

// Outputs never replace inputs, and no printed number is false.

let folder = '';
const run = (...args: string[]) => clr(args, { cwd: folder });
const write = (name: string, text: string) => writeFile(join(folder, name), text);
const read = (name: string) => readFile(join(folder, name), 'utf8');

/** Points of the plane. The kind says whether they lie right of a line, the price grows with `a`. */
function table(rows: number, flipped = false): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const [a, b] = [Math.sin(12.9 * i) * 3, Math.cos(78.2 * i) * 3];
    return `${a.toFixed(3)},${b.toFixed(3)},${a + b > 0 !== flipped ? 'up' : 'down'},${(1000 + 300 * a).toFixed(1)}`;
  });
  return `${['a,b,kind,price', ...lines].join('\n')}\n`;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clr-cli-'));
  await mkdir(join(folder, 'folder'));
  await write('table.csv', table(120));
  await write('test.csv', table(40));
  const fresh = ['new', 'mlp', '--data', 'table.csv', '--hidden', '8', '--seed', '1'];
  await run(...fresh, '--target', 'kind', '--drop', 'price', '--out', 'kinds.onnx');
  await run(...fresh, '--target', 'price', '--drop', 'kind', '--out', 'prices.onnx');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const short = ['--data', 'table.csv', '--lr', '0.01', '--steps', '60', '--quiet'];

describe('an output', () => {
  it.each([
    ['predict', ['predict', 'prices.onnx', '--data', 'table.csv', '--out', 'table.csv']],
    ['train', ['train', 'prices.onnx', ...short, '--out', 'table.csv']],
    [
      'train with validation data',
      ['train', 'prices.onnx', ...short, '--validation', 'test.csv', '--out', 'test.csv'],
    ],
  ])('of %s never replaces the data', async (_, args) => {
    const { code, err } = await run(...args);
    expect([code, err.split('\n')[0]]).toEqual([
      1,
      expect.stringContaining('an output other than the input'),
    ]);
    expect([await read('table.csv'), await read('test.csv')]).toEqual([table(120), table(40)]);
  });

  it.each([
    ['a folder', 'folder', 'Received: a folder'],
    ['in no folder', 'none/x.onnx', 'Received: no such folder'],
    ['in a file', 'table.csv/x.onnx', 'Received: no such folder'],
  ])('that is %s is refused before the training', async (_, out, received) => {
    const { code, err } = await run('train', 'prices.onnx', ...short, '--out', out);
    expect([code, err.split('\n')[1]]).toEqual([1, received]);
  });
});

describe('a run with --checkpoint', () => {
  it('is refused if its data changed, and resumes with its options in another order', async () => {
    const args = ['train', 'kinds.onnx', ...short, '--checkpoint', 'run', '--out', 'trained.onnx'];
    await write('table.csv', table(120));
    expect((await run(...args)).code).toBe(0);
    const again = ['train', '--quiet', '--out', 'other.onnx', '--checkpoint', 'run', ...short, 'kinds.onnx'];
    expect((await run(...again)).code).toBe(0);
    await write('table.csv', table(120, true));
    const { code, err } = await run(...args);
    expect([code, err.split('\n')[1]]).toEqual([1, 'Received: other options, another model or other data']);
    await write('table.csv', table(120));
  });
});

describe('the quality', () => {
  it.each([
    ['mse', /After: {2}loss [^,]+, error (\S+) in units of "price"/, 'rootMeanSquaredError'],
    ['l1', /After: {2}loss [^,]+, mean absolute error (\S+) in units of "price"/, 'meanAbsoluteError'],
  ] as const)('that train prints for --loss %s is what evaluate measures', async (loss, pattern, measure) => {
    const { out } = await run(
      ...[
        'train',
        'prices.onnx',
        ...short,
        '--validation',
        'test.csv',
        '--loss',
        loss,
        '--out',
        'trained.onnx',
      ],
    );
    const score = JSON.parse((await run('evaluate', 'trained.onnx', '--data', 'test.csv', '--json')).out);
    expect(Number(pattern.exec(out)![1]) / score[measure]).toBeCloseTo(1, 2);
  });

  it('for --loss huber is only the loss, because no error follows from it', async () => {
    const { out } = await run('train', 'prices.onnx', ...short, '--loss', 'huber', '--out', 'trained.onnx');
    expect(out).toMatch(/After: {2}loss \S+$/m);
  });

  it('has no R² if all targets are equal', async () => {
    await write('one.csv', 'a,b,kind,price\n1,1,up,900\n');
    const { out } = await run('evaluate', 'prices.onnx', '--data', 'one.csv');
    expect(out).toContain('R² is not defined: the targets of all 1 examples are equal');
    expect(
      JSON.parse((await run('evaluate', 'prices.onnx', '--data', 'one.csv', '--json')).out),
    ).not.toHaveProperty('r2');
  });

  it('and predictions are refused if an output is not finite', async () => {
    await write('huge.csv', 'a,b,kind,price\n1,1,up,900\n1e60,1,up,900\n');
    for (const args of [
      ['predict', 'kinds.onnx', '--out', 'p.csv'],
      ['evaluate', 'prices.onnx'],
    ]) {
      const { code, err } = await run(args[0]!, args[1]!, '--data', 'huge.csv', ...args.slice(2));
      expect([code, err.split('\n')[1]]).toEqual([1, expect.stringMatching(/^Received: \S+ for example 2$/)]);
    }
  });

  it('of outputs that add up to 1 by chance is measured on their softmax', () => {
    const answered = { width: 2, count: 2, notes: [] };
    const [chances] = probabilitiesOf({ ...answered, outputs: Float32Array.of(0.163, 0.837, 2, -1) });
    expect(chances![1]).toBeCloseTo(1 / (1 + Math.exp(0.163 - 0.837)), 6);
    const known = probabilitiesOf({ ...answered, outputs: Float32Array.of(0.25, 0.75, 1, 0) });
    expect(known.map((row) => [...row])).toEqual([
      [0.25, 0.75],
      [1, 0],
    ]);
  });
});

describe('options that contradict', () => {
  it.each([
    [['--steps', '5', '--epochs', '2'], '--steps or --epochs'],
    [['--lr', '0.1', '--plan', 'cycles'], '--plan without --lr and --policy'],
    [['--class-weights', 'balanced'], '--class-weights for data with classes'],
    [['--freeze', '*'], '--freeze to leave a weight to train'],
  ])('%s are refused', async (options, expected) => {
    const { code, err } = await run(
      'train',
      'prices.onnx',
      '--data',
      'table.csv',
      ...options,
      '--out',
      'x.onnx',
    );
    expect(code).toBeGreaterThan(0);
    expect(err).toContain(expected);
  });

  it.each([
    [['--loss', 'mse'], '--loss crossEntropy for data with classes'],
    [['--class-weights', '0,0'], '--class-weights with a weight above 0'],
  ])('%s with classes are refused', async (options, expected) => {
    const { err } = await run('train', 'kinds.onnx', '--data', 'table.csv', ...options, '--out', 'x.onnx');
    expect(err).toContain(expected);
  });
});

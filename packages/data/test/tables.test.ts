import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  batchesOfRows,
  bytesSource,
  type Dataset,
  fitTable,
  readCsvTable,
  readParquetTable,
  splitRows,
  tableDataset,
} from '../src/index.ts';

const table = (text: string) => readCsvTable(new TextEncoder().encode(text), 'the table');
const rows = (...cells: readonly string[]): string => cells.join('\n');

describe('a table', () => {
  const csv = rows(
    'age,town,same,animal',
    ...Array.from(
      { length: 20 },
      (_, i) => `${i === 3 ? 'NA' : i},${['Rome', 'Oslo', ''][i % 3]},7,${i % 2 ? 'cat' : 'dog'}`,
    ),
  );

  it('becomes numbers: standardised, one for each value, missing ones marked', async () => {
    const read = table(csv);
    const { encoding, notes } = fitTable(read);
    expect(encoding.target).toEqual({ name: 'animal', type: 'classes', classes: ['cat', 'dog'] });
    expect(notes.join(' ')).toMatch(/"animal".*"age" is missing in 1 of 20 rows.*"same" has the same value/);
    const dataset = tableDataset(read, JSON.parse(JSON.stringify(encoding)));
    expect(dataset.fields['input']?.dims).toEqual([4]);
    const { input, target } = await dataset.read(Array.from({ length: 20 }, (_, i) => i));
    const row = (i: number): number[] => [...(input!.data as Float32Array).slice(4 * i, 4 * i + 4)];
    expect(row(3)).toEqual([0, 1, 0, 1]);
    expect(row(1).slice(1)).toEqual([0, 1, 0]);
    expect(row(2).slice(1)).toEqual([0, 0, 0]);
    const ages = Array.from({ length: 20 }, (_, i) => row(i)[0] as number);
    expect(ages.reduce((sum, age) => sum + age, 0)).toBeCloseTo(0, 5);
    expect(ages.reduce((sum, age) => sum + age ** 2, 0)).toBeCloseTo(19, 4);
    expect([...target!.data].map(Number)).toEqual(Array.from({ length: 20 }, (_, i) => (i % 2 ? 0 : 1)));
  });

  it('learns its encoding from the given rows alone', () => {
    const numbers = table(
      rows('x,y', ...Array.from({ length: 10 }, (_, i) => `${i < 5 ? i : 1000},${i / 3}`)),
    );
    const { features } = fitTable(numbers, { rows: Uint32Array.of(0, 1, 2, 3, 4) }).encoding;
    expect(features[0]).toMatchObject({ mean: 2, std: Math.SQRT2 });
  });

  it.each<[string, string, Parameters<typeof fitTable>[1], string]>([
    ['no such target', csv, { target: 'colour' }, 'age, town, same, animal'],
    ['no such column to drop', csv, { drop: ['x'] }, 'Expected a column "x"'],
    ['a target with a gap', rows('x,y', '1,2', '2,', '3,1'), {}, 'none in row 2'],
    ['one class', rows('x,y', '1,a', '2,a', '3,a'), {}, 'at least two classes'],
    ['a class for each row', rows('x,y', '1,a', '2,b', '3,c'), {}, '3 in 3 rows'],
    ['one column', rows('y', 'a', 'b'), {}, 'at least two columns'],
    ['constants alone', rows('x,y', '1,a', '1,b', '1,a', '1,b'), {}, 'constant columns alone'],
    ['an infinite number', rows('x,y', '1,a', 'inf,b', '2,a', '3,b'), {}, 'Infinity in row 2'],
    ['words to regress', rows('x,y', '1,a', '2,b', '3,a', '4,b'), { task: 'regression' }, 'Received: "a"'],
    [
      'a constant to regress',
      rows('x,y', '1,2.5', '2,2.5', '3,2.5'),
      { task: 'regression' },
      '2.5 in every row',
    ],
    [
      'a text of many values',
      rows('x,y', ...Array.from({ length: 300 }, (_, i) => `name ${i},${i % 2 ? 'a' : 'b'}`)),
      {},
      '300, such as',
    ],
  ])('refuses %s', (_, text, options, words) => {
    expect(() => fitTable(table(text), options)).toThrow(words);
  });

  it.each<[string, string, string]>([
    ['a file without a header', rows('1,2', '3,4'), 'names of columns'],
    ['a column twice', rows('x,x', '1,2'), '"x" twice'],
    ['a long row', rows('x,y', '1,2', '1,2,3'), 'Received: 3 in row 3'],
    ['a header alone', 'x,y\n', 'a header alone'],
  ])('refuses %s', (_, text, words) => {
    expect(() => table(text)).toThrow(words);
  });

  it('refuses other tables than it was fitted to', () => {
    const { encoding } = fitTable(table(csv));
    const other = (text: string): Dataset => tableDataset(table(text), encoding);
    expect(() => other(rows('age,animal', '1,cat'))).toThrow('the column "town"');
    expect(() => other(rows('age,town,animal', '1,Rome,bird'))).toThrow(
      'one of the classes in "animal": cat, dog',
    );
    expect(() => other(rows('age,town,animal', 'old,Rome,cat'))).toThrow('Received: "old"');
  });

  it('comes from Parquet as from CSV', async () => {
    const source = bytesSource(await readFile(new URL('files/table.parquet', import.meta.url)));
    const { rows: count, columns } = await readParquetTable(source, 'table.parquet');
    expect([count, columns.map(({ name }) => name)]).toEqual([
      3000,
      ['id', 'x', 'town', 'flag', 'amount', 'y'],
    ]);
    const [id, x, town, flag, amount] = columns.map(({ values }) => values);
    expect([id?.[2999], x?.[1500], flag?.[1], amount?.[7]]).toEqual([2999, 750, 1, 7.25]);
    expect([town?.[0], town?.[1], town?.[5]]).toEqual([null, 'Oslo', null]);
    expect(x?.[10]).toBeNaN();
    await expect(readParquetTable(bytesSource(Uint8Array.of(1, 2, 3)), 'x')).rejects.toThrow(
      'a Parquet table in x',
    );
  });
});

describe('rows', () => {
  it('are split by class, the same for the same seed', () => {
    const labels = Array.from({ length: 100 }, (_, i) => (i < 90 ? 0 : 1));
    const { train, validation } = splitRows(labels, { seed: 3 });
    expect([train.length, validation.length, validation.filter((row) => row >= 90).length]).toEqual([
      80, 20, 2,
    ]);
    expect([...train, ...validation].sort((a, b) => a - b)).toEqual([...labels.keys()]);
    expect(splitRows(labels, { seed: 3 }).validation).toEqual(validation);
    expect(splitRows(labels, { seed: 4 }).validation).not.toEqual(validation);
    expect(() => splitRows(1)).toThrow('leaves examples in both parts');
    expect(() => splitRows(10, { share: 1 })).toThrow('a share in (0, 1)');
  });

  it('come in batches that an epoch covers once', async () => {
    const numbers: Dataset = {
      count: 10,
      fields: {},
      notes: [],
      read: async (taken) => ({
        input: { type: 'float32', dims: [taken.length], data: Float32Array.from(taken) },
      }),
    };
    const batches = batchesOfRows(numbers, {
      size: 4,
      seed: 1,
      make: ({ input }) => [...input!.data].map(Number),
    });
    const take = async (count: number): Promise<number[]> => {
      const seen: number[][] = [];
      for await (const batch of batches) if (seen.push(batch) === count) break;
      return seen.flat();
    };
    const two = await take(5);
    expect(two.slice(0, 10).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(two.slice(10).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(two.slice(0, 10)).not.toEqual(two.slice(10));
    expect((await take(2)).length).toBe(8);
  });
});

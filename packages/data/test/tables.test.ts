import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  batchesOfRows,
  bytesSource,
  type Dataset,
  fitTable,
  openArrowTable,
  openParquetTable,
  readCsvTable,
  splitRows,
  type TableEncoding,
  tableDataset,
  tableOf,
  textColumns,
} from '../src/index.ts';
import { temporaryStore } from '../src/node/index.ts';
import { readColumn } from '../src/tables/table.ts';

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

  it('is encoded: numbers standardised, categories one-hot, missing values marked', async () => {
    const read = table(csv);
    const { encoding, notes } = await fitTable(read);
    expect(encoding.target).toEqual({ name: 'animal', type: 'classes', classes: ['cat', 'dog'] });
    expect(notes.join(' ')).toMatch(
      /"animal".*"age" is missing in 1 of 20 rows.*"same" has fewer than two values/,
    );
    const dataset = await tableDataset(read, JSON.parse(JSON.stringify(encoding)));
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

  it.each([
    ['a regression', (i: number) => i / 3],
    ['a classification', (i: number) => (i % 7 === 0 ? 'rare' : 'often')],
  ])('is encoded from its training rows alone, for %s', async (_, answer) => {
    const split = { seed: 3, share: 0.3 };
    const text = (x: (i: number) => number) =>
      table(rows('x,y', ...Array.from({ length: 70 }, (_, i) => `${x(i)},${answer(i)}`)));
    const fit = async (x: (i: number) => number) => (await fitTable(text(x), { split })).encoding;
    const plain = await fit((i) => i);
    const { labels, count } = await tableDataset(
      text((i) => i),
      plain,
    );
    const { train, validation } = splitRows(labels ?? count, split);
    expect(await fit((i) => (validation.includes(i) ? 1e6 : i))).toEqual(plain);
    const mean = train.reduce((sum, row) => sum + row, 0) / train.length;
    const [feature] = plain.features;
    expect(feature?.type === 'number' && feature.mean).toBeCloseTo(mean, 10);
  });

  it('gives the same examples from a temporary file as from memory', async () => {
    const { encoding } = await fitTable(table(csv));
    const inMemory = await tableDataset(table(csv), encoding);
    let stores = 0;
    const store = () => {
      stores += 1;
      return temporaryStore();
    };
    const stored = await tableDataset(table(csv), encoding, { store, maxBytes: 100 });
    expect(stores).toBe(1);
    expect(await stored.read([0, 19, 7, 8])).toEqual(await inMemory.read([0, 19, 7, 8]));
  });

  it.each<[string, string, Parameters<typeof fitTable>[1], string]>([
    ['a target column that does not exist', csv, { target: 'colour' }, 'age, town, same, animal'],
    ['a column to drop that does not exist', csv, { drop: ['x'] }, 'Expected a column "x"'],
    ['a target with a missing value', rows('x,y', '1,2', '2,', '3,1'), {}, 'none in row 2'],
    ['one class', rows('x,y', '1,a', '2,a', '3,a'), {}, 'at least two classes'],
    ['a different class in each row', rows('x,y', '1,a', '2,b', '3,c'), {}, '3 in 3 rows'],
    ['a table of one column', rows('y', 'a', 'b'), {}, 'at least two columns'],
    ['a target that is dropped', csv, { target: 'age', drop: ['age'] }, '"age" as the target and'],
    [
      'classes that a double cannot tell apart',
      rows('x,y', ...Array.from({ length: 8 }, (_, i) => `${i},${i % 2 ? '9007199254740993' : '5'}`)),
      { task: 'classification' },
      'Write such classes as texts.',
    ],
    [
      'numbers whose squares overflow',
      rows('x,y', '1e200,a', '-1e200,b', '1,a', '2,b'),
      {},
      'Scale the column',
    ],
    ['only constant columns', rows('x,y', '1,a', '1,b', '1,a', '1,b'), {}, 'constant columns alone'],
    ['an infinite number', rows('x,y', '1,a', 'inf,b', '2,a', '3,b'), {}, 'Infinity in row 2'],
    [
      'texts as the target of a regression',
      rows('x,y', '1,a', '2,b', '3,a', '4,b'),
      { task: 'regression' },
      'Received: "a"',
    ],
    [
      'a constant target of a regression',
      rows('x,y', '1,2.5', '2,2.5', '3,2.5'),
      { task: 'regression' },
      '2.5 in every row',
    ],
    [
      'a text column of too many values',
      rows('x,y', ...Array.from({ length: 300 }, (_, i) => `name ${i},${i % 2 ? 'a' : 'b'}`)),
      {},
      '300, such as',
    ],
  ])('refuses %s', async (_, text, options, words) => {
    await expect(fitTable(table(text), options)).rejects.toThrow(words);
  });

  it.each<[string, string, string]>([
    ['a file without a header', rows('1,2', '3,4'), 'names of columns'],
    ['two columns of the same name', rows('x,x', '1,2'), '"x" twice'],
    ['a column named like the default name of another', rows('column 2,', '1,2'), '"column 2" twice'],
    ['a row with too many cells', rows('x,y', '1,2', '1,2,3'), 'Received: 3 in row 3'],
    ['a file of only a header', 'x,y\n', 'a header alone'],
  ])('refuses %s', (_, text, words) => {
    expect(() => table(text)).toThrow(words);
  });

  it('refuses a table that differs from the fitted one', async () => {
    const { encoding } = await fitTable(table(csv));
    const other = (text: string): Promise<Dataset> => tableDataset(table(text), encoding);
    await expect(other(rows('age,animal', '1,cat'))).rejects.toThrow('the column "town"');
    await expect(other(rows('age,town,animal', '1,Rome,bird'))).rejects.toThrow(
      'one of the classes in "animal": cat, dog',
    );
    await expect(other(rows('age,town,animal', 'old,Rome,cat'))).rejects.toThrow('Received: "old"');
  });

  it('keeps texts that look like numbers as texts', async () => {
    const code = (i: number): string => ['01', '1', 'none', 'x'][i % 4] as string;
    const { encoding } = await fitTable(
      table(
        rows('code,y', ...Array.from({ length: 40 }, (_, i) => `${code(i)},0${i % 2}${i > 1 ? '' : 'a'}`)),
      ),
    );
    expect(textColumns(encoding)).toEqual(['code', 'y']);
    const bytes = new TextEncoder().encode(rows('code', '01', '1', '1', '2'));
    const dataset = await tableDataset(readCsvTable(bytes, 'new', textColumns(encoding)), encoding, {
      labelled: false,
    });
    expect([...(await dataset.read([0, 1, 3])).input!.data]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 0]);
    const numbers = tableOf([{ name: 'code', kind: 'number', values: Float64Array.of(1, 7) }]);
    await expect(tableDataset(numbers, encoding, { labelled: false })).rejects.toThrow(
      'the number 7 in row 2',
    );
  });

  describe('of classes', () => {
    const fit = async (...answers: readonly string[]) => {
      const text = rows(
        'x,y',
        ...Array.from({ length: 40 }, (_, i) => `${i},${answers[i % answers.length]}`),
      );
      return fitTable(table(text), { task: 'classification' });
    };
    /** The classes of answers, with an encoding that was stored. */
    const classesIn = async (encoding: TableEncoding, ...answers: readonly string[]) => {
      const bytes = new TextEncoder().encode(rows('x,y', ...answers.map((answer) => `1,${answer}`)));
      const read = readCsvTable(bytes, 'new', textColumns(encoding));
      return Array.from((await tableDataset(read, JSON.parse(JSON.stringify(encoding)))).labels!);
    };

    it('keeps the names as they are written', async () => {
      const { encoding } = await fit('01067', '0.0', '2', '2.0');
      expect(encoding.target).toEqual({ name: 'y', type: 'classes', classes: ['0.0', '2', '01067'] });
      expect(await classesIn(encoding, '01067', '1067', '0', '2.0', '2')).toEqual([2, 2, 0, 1, 1]);
      const numbers = tableOf([
        { name: 'x', kind: 'number', values: Float64Array.of(1, 1) },
        { name: 'y', kind: 'number', values: Float64Array.of(1067, 0) },
      ]);
      expect(Array.from((await tableDataset(numbers, encoding)).labels!)).toEqual([2, 0]);
      const old = {
        ...encoding,
        target: { name: 'y', type: 'classes', classes: ['0', '2', '1067'] },
      } as const;
      expect(await classesIn(old, '01067', '0.0')).toEqual([2, 0]);
    });

    it('keeps texts apart that are equal as numbers', async () => {
      const target = { name: 'y', type: 'classes', classes: ['01', '1', 'x'] } as const;
      const encoding = { ...(await fit('a', 'b')).encoding, target };
      expect(await classesIn(encoding, '1', '01', 'x')).toEqual([1, 0, 2]);
      await expect(classesIn(encoding, '1.0')).rejects.toThrow('Received: 1.0 in row 1');
    });

    it('allows the name None between texts, and names no class in words', async () => {
      const { encoding, notes } = await fit('None', 'rust', 'rot', 'None');
      expect(encoding.target).toMatchObject({ classes: ['None', 'rot', 'rust'] });
      expect(notes.join(' ')).toContain('"None" is a class of "y", in 20 of 40 rows.');
      expect(await classesIn(encoding, 'rust', 'None')).toEqual([2, 0]);
      await expect(classesIn(encoding, 'rot', '')).rejects.toThrow('Received: an empty cell in row 2');
      await expect(fit('a', 'NA', 'b')).rejects.toThrow('"NA" in row 2');
      await expect(fit('1', 'None', '2')).rejects.toThrow('"None" in row 2');
    });
  });

  it('notes missing texts as missing, and new ones as new', async () => {
    const text = (...cells: readonly string[]): string =>
      rows('x,y', ...cells.map((cell, i) => `${cell},${i % 2}`));
    const read = table(text(...Array.from({ length: 40 }, (_, i) => ['a', 'b', '', 'NA'][i % 4] as string)));
    const { encoding } = await fitTable(read);
    expect((await tableDataset(read, encoding)).notes).toEqual([
      '"x" is missing in 20 rows; these rows have none of its values.',
    ]);
    const bytes = new TextEncoder().encode(text('a', '', 'none', 'c'));
    const dataset = await tableDataset(readCsvTable(bytes, 'new', textColumns(encoding)), encoding);
    expect(dataset.notes).toEqual([
      '"x" is missing in 2 rows; these rows have none of its values.',
      '"x" has values in 1 row that no training row has, such as "c"; they count as missing.',
    ]);
  });

  it('says which cell makes a column of numbers one of texts', async () => {
    const fit = (cell: (i: number) => string, answer = (i: number): string => (i % 2 ? 'a' : 'b')) =>
      fitTable(
        table(rows('x,z,y', ...Array.from({ length: 300 }, (_, i) => `${cell(i)},${i},${answer(i)}`))),
      );
    const note = '"x" is read as text, because of "unknown" in row 7.';
    const one = await fit((i) => (i === 6 ? 'unknown' : `${i % 50}`));
    expect(one.notes.join(' ')).toContain(note);
    expect((await fit((i) => (i % 3 ? 'low' : `${i % 9}`))).notes).toEqual(['The target is the column "y".']);
    await expect(fit((i) => (i === 6 ? 'unknown' : `${i}`))).rejects.toThrow('correct "unknown" in row 7.');
    const target = await fit(String, (i) => (i === 6 || i === 9 ? 'unknown' : `${i % 2}`));
    expect(target.notes.join(' ')).toContain('"y" is read as text, because of "unknown" in row 7.');
  });

  it('knows the decimal commas when it names that cell', async () => {
    const text = rows('x;y', ...Array.from({ length: 40 }, (_, i) => `${i === 5 ? 'old' : '1,5'};${i % 2}`));
    expect((await fitTable(table(text))).notes.join(' ')).toContain('because of "old" in row 6');
    const quoted = rows(
      'x,y',
      ...Array.from({ length: 40 }, (_, i) => `${i === 5 ? '"1,200"' : 7},${i % 2}`),
    );
    expect((await fitTable(table(quoted))).notes.join(' ')).toContain('because of "1,200" in row 6');
  });

  it('refuses for predictions what it refuses for training', async () => {
    const { encoding } = await fitTable(table(csv));
    const infinite = table(rows('age,town', '1,Rome', '-inf,Rome'));
    await expect(tableDataset(infinite, encoding, { labelled: false })).rejects.toThrow('-Infinity in row 2');
    const texts = tableOf([
      { name: 'age', kind: 'text', values: ['1', '2.5'] },
      { name: 'town', kind: 'text', values: ['Rome', 'Rome'] },
    ]);
    await expect(tableDataset(texts, encoding, { labelled: false })).rejects.toThrow(
      'Write the column as numbers.',
    );
  });

  it.each(['arrow', 'parquet'])('reads unusual columns of %s correctly, or refuses them', async (kind) => {
    const open = async (name: string) => {
      const bytes = await readFile(new URL(`files/${name}.${kind}`, import.meta.url));
      return kind === 'arrow' ? openArrowTable(bytes, name) : openParquetTable(bytesSource(bytes), name);
    };
    const odd = await open('odd');
    const values = async (name: string) =>
      [...((await readColumn(odd, { name, kind: 'number' })) as Float64Array)].filter(
        (each) => !Number.isNaN(each),
      );
    expect(await values('decimal')).toEqual([-1.25, 99999.99, -0.01]);
    expect(await values('unsigned')).toEqual([2 ** 64, 1, 0]);
    expect(await values('keyed')).toEqual([-10, 20, -10]);
    expect(await values('at')).toEqual([0.001, -0.001, 1700000000123.456]);
    expect(await values('__proto__')).toEqual([1, 2, 4]);
    await expect(readColumn(odd, { name: 'bytes', kind: 'text' })).rejects.toThrow('--drop bytes');
    await expect(open('twice')).rejects.toThrow('"x" twice');
  });

  it.each(['arrow', 'parquet'])('reads times of day of any unit in %s as milliseconds', async (kind) => {
    const bytes = await readFile(new URL(`files/times.${kind}`, import.meta.url));
    const times = await (kind === 'arrow'
      ? openArrowTable(bytes, 'times')
      : openParquetTable(bytesSource(bytes), 'times'));
    const values = async (name: string) => [...(await readColumn(times, { name, kind: 'number' }))];
    expect(await values('s')).toEqual([5_400_000, Number.NaN, 86_399_000]);
    expect(await values('ms')).toEqual([5_400_250, Number.NaN, 86_399_999]);
    expect(await values('us')).toEqual([5_400_250.125, Number.NaN, 86_399_999.999]);
    expect(await values('ns')).toEqual([5_400_250.1255, Number.NaN, 86_399_999.999999]);
    // Parquet stores durations as whole numbers without a unit, so only those of Arrow are recognised and refused.
    if (kind === 'arrow')
      await expect(readColumn(times, { name: 'span ms', kind: 'text' })).rejects.toThrow(
        'Duration<MILLISECOND>',
      );
  });

  it('is read from Arrow, with missing values, half floats, decimals, dates and dictionaries', async () => {
    const file = (name: string) => readFile(new URL(`files/${name}`, import.meta.url));
    const arrow = await openArrowTable(await file('table.arrow'), 'table.arrow');
    expect(arrow.columns.map(({ name, kind }) => `${name}: ${kind}`).join(', ')).toBe(
      'id: number, half: number, price: number, flag: number, day: number, at: number, town: text, list: text, y: text',
    );
    const row = async (at: number) =>
      Promise.all(
        arrow.columns
          .filter(({ name }) => name !== 'list')
          .map(async ({ name }) => (await arrow.read(name, at, at + 1))[0]),
      );
    const day = Date.UTC(2020, 0, 1);
    expect(await row(1)).toEqual([1, 0.25, -1.75, 0, day + 864e5, day + 1000, 'Oslo', 'low']);
    expect(await row(35)).toEqual([
      35,
      Number.NaN,
      Number.NaN,
      0,
      day + 35 * 864e5,
      day + 35e3,
      null,
      'high',
    ]);
    await expect(arrow.read('list', 0, 1)).rejects.toThrow('--drop list');
    await expect(openArrowTable(await file('packed.arrow'), 'packed.arrow')).rejects.toThrow(
      "Write it with compression='uncompressed'.",
    );
    await expect(openArrowTable(Uint8Array.of(1, 2, 3), 'x')).rejects.toThrow('an Arrow table in x');
  });

  it('is read from Parquet, with missing values, booleans and decimals', async () => {
    const source = bytesSource(await readFile(new URL('files/table.parquet', import.meta.url)));
    const parquet = await openParquetTable(source, 'table.parquet');
    const { rows: count, columns } = parquet;
    expect([count, columns.map(({ name }) => name)]).toEqual([
      3000,
      ['id', 'x', 'town', 'flag', 'amount', 'y'],
    ]);
    const values = columns.map((column) => readColumn(parquet, column));
    const [id, x, town, flag, amount] = await Promise.all(values);
    expect([id?.[2999], x?.[1500], flag?.[1], amount?.[7]]).toEqual([2999, 750, 1, 7.25]);
    expect([town?.[0], town?.[1], town?.[5]]).toEqual([null, 'Oslo', null]);
    expect(x?.[10]).toBeNaN();
    await expect(openParquetTable(bytesSource(Uint8Array.of(1, 2, 3)), 'x')).rejects.toThrow(
      'a Parquet table in x',
    );
  });
});

describe('the cells of a table', () => {
  const cells = async (text: string) => {
    const read = table(text);
    const columns = await Promise.all(read.columns.map((column) => readColumn(read, column)));
    return read.columns.map(({ name }, i) => [name, ...columns[i]!]);
  };

  it.each<[string, string, unknown]>([
    [
      'a row of empty cells and an empty line are rows, except at the end',
      'a,b\n1,x\n,\n\n2,y\n,\n\n \n',
      [
        ['a', 1, Number.NaN, Number.NaN, 2],
        ['b', 'x', null, null, 'y'],
      ],
    ],
    ['an empty line in a single column is a row', '\n\na\n1\n\n2\n\n', [['a', 1, Number.NaN, 2]]],
    ['a quoted empty cell at the end is a row', 'a\n1\n""\n\n', [['a', 1, Number.NaN]]],
    [
      'double ends of lines are not rows',
      'a,b\r\r\n1,2\r\r\n3,4\r\r\n',
      [
        ['a', 1, 3],
        ['b', 2, 4],
      ],
    ],
    [
      'spaces in times do not separate',
      'date of sale,sold\n1/1/2021 10:00:00 PM,yes\n1/2/2021 9:00:00 AM,no',
      [
        ['date of sale', '1/1/2021 10:00:00 PM', '1/2/2021 9:00:00 AM'],
        ['sold', 'yes', 'no'],
      ],
    ],
    [
      'spaces separate if nothing else does',
      'a b\n1,5 2\n3 4,5',
      [
        ['a', 1.5, 3],
        ['b', 2, 4.5],
      ],
    ],
    [
      'semicolons go before decimal commas',
      'size, cm;price, EUR\n1,5;2,5\n3,5;4,25',
      [
        ['size, cm', 1.5, 3.5],
        ['price, EUR', 2.5, 4.25],
      ],
    ],
    ['a single column has decimal commas', 'x\n12\n12,5\n13,5', [['x', 12, 12.5, 13.5]]],
    ['a single column may have a name of two words', 'house price\n12,5\n13', [['house price', 12.5, 13]]],
    [
      'further spellings of missing numbers',
      'x\n1\n.\nN.A.\n#DIV/0!',
      [['x', 1, Number.NaN, Number.NaN, Number.NaN]],
    ],
    ['further spellings among texts', 'x\na\n.\nmissing\n?', [['x', 'a', '.', 'missing', null]]],
    ['quoted thousands in a single column stay texts', 'x\n"1,234"\n5', [['x', '1,234', '5']]],
  ])('%s', async (_, text, expected) => {
    expect(await cells(text)).toEqual(expected);
  });

  it.each<[string, string, unknown]>([
    [
      'a decimal comma makes points thousands',
      'a;b\n1.234,5;x\n-1.200;y\n1.234.567;z\n9,5;z',
      [1234.5, -1200, 1234567, 9.5],
    ],
    ['points are decimal without decimal commas', 'a;b\n1.200;x\n950;y', [1.2, 950]],
    ['points are decimal beside shorter ones', 'a;b\n1.200;0,5\n1.25;1', [1.2, 1.25]],
    ['points are decimal after a zero', 'a;b\n0.200;0,5\n0.125;1', [0.2, 0.125]],
  ])('%s', async (_, text, expected) => {
    expect((await cells(text))[0]).toEqual(['a', ...(expected as number[])]);
  });

  it.each([
    ['in a column', 'a;b\n99,5;x\n1.200;y', 'Received: 1.200 in row 3'],
    ['in another column', 'b;a\n0,5;950\n0,25;1.200', 'Received: 1.200 in row 3'],
  ])('refuses points that may divide thousands, with decimal commas %s', async (_, text, words) => {
    await expect(table(text).read('a', 0, 2)).rejects.toThrow(words);
    await expect(table(text).read('a', 0, 2)).rejects.toThrow('Write 1200 or 1,200.');
    await table(text).read('b', 0, 2);
  });

  it('refuses several cells below a header of one', () => {
    expect(() => table('x\n1,2,3')).toThrow('Expected 1 cells');
  });
});

describe('rows', () => {
  it('are split by class, in the same way for the same seed', () => {
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

  it('are batched so that an epoch contains each row once', async () => {
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

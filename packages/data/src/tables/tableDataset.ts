import { checkOptionNames } from '@clr/core';
import { arraysDataset } from '../arrays/arraysDataset.ts';
import type { RawArray } from '../arrays/rawArray.ts';
import { type ByteStore, memoryStore } from '../byteStore.ts';
import type { Dataset } from '../dataset.ts';
import { fail, listed } from '../errors.ts';
import { readNumber } from '../text/readNumber.ts';
import { type FeatureEncoding, type TableEncoding, widthOf } from './encoding.ts';
import {
  type ColumnValues,
  isMissing,
  readColumn,
  refuseInfinite,
  type Table,
  unlikeNumbers,
} from './table.ts';

/** Options of {@link tableDataset}. */
export interface TableDatasetOptions {
  /** True if every row must have a target. Use false for predictions. Default true. */
  readonly labelled?: boolean;
  /** Makes the store for features that are larger than `maxBytes`. Default: they are kept in memory. */
  readonly store?: () => Promise<ByteStore>;
  /** The maximum size of features that are kept in memory, in bytes. Default 128 MiB. */
  readonly maxBytes?: number;
}

/** The size of the parts in which features are computed, in bytes. */
const blockBytes = 2 ** 26;

/**
 * Makes examples from a table: `input` holds the features [width], `target` the class or the standardised number. The
 * table is read once and not needed afterwards. The notes of the result say which columns hold values that the encoding
 * does not know.
 *
 * @throws {ClrError} if a column of the encoding is missing or of another kind, or a target is not one of the classes
 *
 * @example
 * ```ts
 * const table = tableOf([
 *   { name: 'size', kind: 'number', values: Float64Array.of(1, 3, 1, 3) },
 *   { name: 'kind', kind: 'text', values: ['cat', 'dog', 'cat', 'dog'] },
 * ]);
 * const dataset = await tableDataset(table, (await fitTable(table)).encoding);
 * (await dataset.read([1])).input.data[0]; // 1
 * ```
 */
export async function tableDataset(
  table: Table,
  encoding: TableEncoding,
  options: TableDatasetOptions = {},
): Promise<Dataset> {
  checkOptionNames('clr/data', 'tableDataset', options, ['labelled', 'store', 'maxBytes']);
  const { labelled = true, store = memoryStore, maxBytes = 2 ** 27 } = options;
  const { features, target } = encoding;
  for (const { name, type } of features) await checkColumn(table, name, type === 'number');
  const width = features.reduce((sum, feature) => sum + widthOf(feature), 0);
  const answers = labelled ? await answersOf(table, target) : undefined;
  const isLarge = table.rows * width * 4 > maxBytes;
  const kept = await (isLarge ? store() : memoryStore());
  const step = Math.max(1, Math.floor(blockBytes / (4 * width)));
  const strange = features.map((feature) => new Strange(feature));
  for (const [first, last] of table.parts) {
    for (let from = first; from < last; from += step) {
      const to = Math.min(last, from + step);
      const block = new Float32Array((to - from) * width);
      let at = 0;
      for (const [i, feature] of features.entries()) {
        const values = await table.read(feature.name, from, to);
        if (feature.type === 'number') refuseInfinite(feature.name, values, from);
        else refuseOtherNumbers(feature, values, from);
        encode(feature, values, block, at, width);
        strange[i]?.see(values);
        at += widthOf(feature);
      }
      await kept.append(new Uint8Array(block.buffer));
    }
  }
  const input: RawArray = {
    ...{ name: 'input', dtype: 'f4', dims: [table.rows, width], offset: 0 },
    source: await kept.finish(),
  };
  const isClass = target.type === 'classes';
  const dataset = await arraysDataset({
    input: { array: input, type: 'float32' },
    ...(answers && {
      target: {
        array: await arrayOf(target.name, answers, isClass ? [table.rows] : [table.rows, 1]),
        type: isClass ? 'int64' : 'float32',
      },
    }),
  });
  return { ...dataset, notes: strange.flatMap((each) => each.notes) };
}

/** Counts the rows whose value in a column is missing, or unknown to the encoding. */
class Strange {
  readonly #feature: FeatureEncoding;
  readonly #known: ReadonlySet<string>;
  #count = 0;
  #missing = 0;
  #first: string | undefined;

  constructor(feature: FeatureEncoding) {
    this.#feature = feature;
    this.#known = new Set(feature.type === 'category' ? feature.values : []);
  }

  see(values: ColumnValues): void {
    const feature = this.#feature;
    if (feature.type === 'number') {
      if (feature.missing) return;
      for (const value of values as Float64Array) if (Number.isNaN(value)) this.#missing += 1;
      return;
    }
    for (const value of values) {
      const text = textOf(value);
      if (text !== null && this.#known.has(text)) continue;
      // Columns that are read as text keep the spellings of missing values.
      if (text === null || isMissing(text)) {
        this.#missing += 1;
        continue;
      }
      this.#count += 1;
      this.#first ??= text;
    }
  }

  get notes(): string[] {
    const { name, type } = this.#feature;
    const missing = inRows(this.#missing);
    const notes: string[] = [];
    if (this.#missing > 0) {
      notes.push(
        type === 'number'
          ? `"${name}" is missing in ${missing}, but in no training row; the mean takes its place.`
          : `"${name}" is missing in ${missing}; these rows have none of its values.`,
      );
    }
    if (this.#count > 0) {
      notes.push(
        `"${name}" has values in ${inRows(this.#count)} that no training row has, such as "${this.#first}"; they count as missing.`,
      );
    }
    return notes;
  }
}

const inRows = (count: number): string => (count === 1 ? '1 row' : `${count} rows`);

/** Writes the encoded values of a feature into a block of rows, at column `at`. */
function encode(
  feature: FeatureEncoding,
  values: ColumnValues,
  block: Float32Array,
  at: number,
  width: number,
): void {
  if (feature.type === 'number') {
    const { mean, std, missing } = feature;
    (values as Float64Array).forEach((value, row) => {
      const there = Number.isFinite(value);
      block[row * width + at] = there ? (value - mean) / std : 0;
      if (missing) block[row * width + at + 1] = there ? 0 : 1;
    });
    return;
  }
  const places = new Map(feature.values.map((value, i) => [value, i]));
  for (let row = 0; row < values.length; row++) {
    const text = textOf(values[row]);
    const place = text === null ? undefined : places.get(text);
    if (place !== undefined) block[row * width + at + place] = 1;
  }
}

/**
 * Refuses numbers in a category unless they equal a text of the training data. Otherwise a number, such as 1 for "01"
 * or for true, would count as missing.
 */
function refuseOtherNumbers(
  { name, values: known }: FeatureEncoding & { readonly type: 'category' },
  values: ColumnValues,
  from: number,
): void {
  if (!(values instanceof Float64Array)) return;
  const odd = values.findIndex((value) => !Number.isNaN(value) && !known.includes(String(value)));
  if (odd < 0) return;
  throw fail(
    `texts in the column "${name}", such as "${known[0]}"`,
    `the number ${values[odd]} in row ${from + odd + 1}`,
    'Write the column as texts.',
  );
}

async function arrayOf(name: string, values: Float64Array, dims: readonly number[]): Promise<RawArray> {
  const store = await memoryStore();
  await store.append(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return { name, dtype: 'f8', dims, source: await store.finish(), offset: 0 };
}

/** A value as text; `null` if it is missing. Numbers are formatted as in JavaScript. */
function textOf(value: string | number | null | undefined): string | null {
  if (typeof value === 'number') return Number.isNaN(value) ? null : String(value);
  return value ?? null;
}

async function checkColumn(table: Table, name: string, isNumber: boolean): Promise<Table['columns'][number]> {
  const column = table.columns.find((each) => each.name === name);
  if (!column) {
    throw fail(
      `the column "${name}", which the model was trained with`,
      listed(table.columns.map((each) => each.name)),
      'Give a table with the same columns.',
    );
  }
  if (isNumber && column.kind === 'text') {
    const texts = await readColumn(table, column);
    throw fail(`numbers in the column "${name}"`, ...unlikeNumbers(texts as readonly (string | null)[]));
  }
  return column;
}

async function answersOf(table: Table, target: TableEncoding['target']): Promise<Float64Array> {
  const values = await readColumn(table, await checkColumn(table, target.name, target.type === 'number'));
  const placeOf = target.type === 'classes' ? classFinder(target.classes) : undefined;
  return Float64Array.from({ length: table.rows }, (_, row) => {
    const value = values[row];
    const answer =
      target.type === 'number' ? ((value as number) - target.mean) / target.std : placeOf?.(value);
    if (answer !== undefined && Number.isFinite(answer)) return answer;
    throw fail(
      target.type === 'number'
        ? `a number in "${target.name}"`
        : `one of the classes in "${target.name}": ${listed(target.type === 'classes' ? target.classes : [])}`,
      `${textOf(value) || 'an empty cell'} in row ${row + 1}`,
      target.type === 'number'
        ? 'Remove the row, or correct its value.'
        : 'Remove the row, or train with all classes.',
    );
  });
}

/** Finds the number of a class by its name or, if all names are different numbers, by the number: "007" for "7". */
function classFinder(
  classes: readonly string[],
): (value: string | number | null | undefined) => number | undefined {
  const names = new Map(classes.map((name, i) => [name, i]));
  const numbers = new Map(classes.map((name, i) => [readNumber(name, true), i]));
  const areNumbers = numbers.size === classes.length && [...numbers.keys()].every(Number.isFinite);
  return (value) => {
    const text = textOf(value);
    if (text === null) return undefined;
    const number = typeof value === 'number' ? value : readNumber(text, true);
    return names.get(text) ?? (areNumbers && number !== undefined ? numbers.get(number) : undefined);
  };
}

import { checkOptionNames } from '@clr/core';
import { fail, listed } from '../errors.ts';
import type { FeatureEncoding, TableEncoding, TargetEncoding } from './encoding.ts';
import type { Table, TableColumn } from './table.ts';

/** Options of {@link fitTable}. */
export interface FitTableOptions {
  /** The column to learn. Default: the last one, or one called target, label, class or y. */
  readonly target?: string;
  /** Columns to leave out, such as numbers of rows. */
  readonly drop?: readonly string[];
  /** What kind of answer it is. Default: classes where it is text or a few whole numbers, else a number. */
  readonly task?: 'classification' | 'regression';
  /** The rows to learn the encoding from. Default: all. */
  readonly rows?: Uint32Array;
}

/** More values than these make a category a text. */
const mostValues = 100;
/** Whole numbers up to so many count as classes by themselves. */
const mostClasses = 20;

/**
 * Finds how a table becomes numbers: the mean and deviation of each number, the values of each category, the classes.
 * It looks at the given rows alone, so that nothing of the validation data gets into it.
 *
 * @returns the encoding, and what was guessed as sentences
 * @throws {ClrError} on a missing target, and on columns that cannot be used
 *
 * @example
 * ```ts
 * const table = { rows: 4, columns: [
 *   { name: 'size', kind: 'number', values: Float64Array.of(1, 2, 3, 4) },
 *   { name: 'kind', kind: 'text', values: ['cat', 'dog', 'cat', 'dog'] },
 * ] };
 * fitTable(table).encoding.target; // { name: 'kind', type: 'classes', classes: ['cat', 'dog'] }
 * ```
 */
export function fitTable(
  table: Table,
  options: FitTableOptions = {},
): { readonly encoding: TableEncoding; readonly notes: readonly string[] } {
  const known = ['target', 'drop', 'task', 'rows'] as const;
  const { drop = [], task, rows } = checkOptionNames('clr/data', 'fitTable', options, known);
  const names = table.columns.map(({ name }) => name);
  for (const each of [...drop, ...(options.target === undefined ? [] : [options.target])]) {
    if (!names.includes(each))
      throw fail(`a column "${each}"`, listed(names), 'Give the name of one of these.');
  }
  const left = table.columns.filter(({ name }) => !drop.includes(name));
  const wanted =
    options.target ??
    left.map(({ name }) => name).filter((name) => /^(target|label|class|y)$/i.test(name))[0];
  const target = left.find(({ name }) => name === wanted) ?? left.at(-1);
  if (!target || left.length < 2) {
    throw fail(
      'at least two columns: something to learn from, and the target',
      listed(left.map(({ name }) => name)),
      'Give a table with features.',
    );
  }
  const taken = rows ?? Uint32Array.from({ length: table.rows }, (_, i) => i);
  const notes: string[] = options.target === undefined ? [`The target is the column "${target.name}".`] : [];
  const features = left
    .filter((column) => column !== target)
    .flatMap((column) => featureOf(column, taken, notes));
  if (features.length === 0)
    throw fail('a column to learn from', 'constant columns alone', 'Give a table with features.');
  return {
    encoding: { version: 1, kind: 'table', features, target: targetOf(target, taken, task, notes) },
    notes,
  };
}

/** The mean and the standard deviation of the numbers that are there. */
function moments(values: Float64Array, rows: Uint32Array): { mean: number; std: number; missing: number } {
  let [count, mean, square] = [0, 0, 0];
  for (const row of rows) {
    const value = values[row] as number;
    if (!Number.isFinite(value)) continue;
    count += 1;
    const step = value - mean;
    mean += step / count;
    square += step * (value - mean);
  }
  return { mean, std: count > 0 ? Math.sqrt(square / count) : 0, missing: rows.length - count };
}

/** The values of a text column by how often they occur; undefined where they are too many. */
function valuesOf(values: readonly (string | null)[], rows: Uint32Array): string[] {
  const found = new Set<string>();
  for (const row of rows) {
    const value = values[row];
    if (value !== null && value !== undefined) found.add(value);
  }
  return [...found].sort();
}

function featureOf(column: TableColumn, rows: Uint32Array, notes: string[]): FeatureEncoding[] {
  const { name } = column;
  if (column.kind === 'number') {
    refuseInfinity(column);
    const { mean, std, missing } = moments(column.values, rows);
    if (std === 0) {
      notes.push(`The column "${name}" has the same value in every row and was left out.`);
      return [];
    }
    if (missing > 0)
      notes.push(
        `"${name}" is missing in ${missing} of ${rows.length} rows; a second number tells the model where.`,
      );
    return [{ name, type: 'number', mean, std, missing: missing > 0 }];
  }
  const values = valuesOf(column.values, rows);
  if (values.length > mostValues) {
    throw fail(
      `at most ${mostValues} values in the column "${name}"`,
      `${values.length}, such as "${values[0]}"`,
      `Leave it out if it is a name or a text: --drop ${name}. If it is to be numbers, look for cells that are none.`,
    );
  }
  if (values.length < 2) {
    notes.push(`The column "${name}" has the same value in every row and was left out.`);
    return [];
  }
  return [{ name, type: 'category', values }];
}

function refuseInfinity({ name, values }: Extract<TableColumn, { kind: 'number' }>): void {
  const row = values.findIndex((value) => value === Infinity || value === -Infinity);
  if (row >= 0)
    throw fail(
      `finite numbers in the column "${name}"`,
      `${values[row]} in row ${row + 1}`,
      'Remove the row, or leave the cell empty.',
    );
}

function targetOf(
  column: TableColumn,
  rows: Uint32Array,
  task: FitTableOptions['task'],
  notes: string[],
): TargetEncoding {
  const { name } = column;
  refuseMissing(column);
  if (column.kind === 'text') {
    if (task === 'regression') {
      const bad = column.values.find((value) => value !== null && !Number.isFinite(Number(value)));
      throw fail(
        `numbers in the target "${name}"`,
        `"${bad}"`,
        'Remove the rows that are no numbers, or train a classification.',
      );
    }
    return classesOf(name, valuesOf(column.values, rows), rows);
  }
  const found = [...new Set(Array.from(rows, (row) => column.values[row] as number))].sort((a, b) => a - b);
  const few = found.every(Number.isInteger) && found.length <= Math.min(mostClasses, rows.length / 5);
  if (task === 'classification' || (task === undefined && few)) {
    if (task === undefined)
      notes.push(
        `The target "${name}" has ${found.length} whole numbers, so they are classes. For numbers: --task regression.`,
      );
    return classesOf(name, found.map(String), rows);
  }
  if (task === undefined) notes.push(`The target "${name}" is a number: a regression.`);
  const { mean, std } = moments(column.values, rows);
  if (std === 0)
    throw fail(
      `a target "${name}" that varies`,
      `${mean} in every row`,
      'Name another column: --target NAME.',
    );
  return { name, type: 'number', mean, std };
}

function classesOf(name: string, classes: readonly string[], rows: Uint32Array): TargetEncoding {
  if (classes.length < 2)
    throw fail(`at least two classes in "${name}"`, listed(classes), 'Name another column: --target NAME.');
  if (classes.length > rows.length / 2) {
    throw fail(
      `classes in "${name}" that occur several times`,
      `${classes.length} in ${rows.length} rows`,
      'Name another column (--target NAME), or train a regression (--task regression).',
    );
  }
  return { name, type: 'classes', classes };
}

function refuseMissing({ name, kind, values }: TableColumn): void {
  const row = kind === 'number' ? values.findIndex((value) => !Number.isFinite(value)) : values.indexOf(null);
  if (row < 0) return;
  throw fail(
    `a target "${name}" in every row`,
    `none in row ${row + 1}`,
    'Remove the rows whose answer is not known.',
  );
}

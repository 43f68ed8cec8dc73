import { checkOptionNames } from '@clr/core';
import { fail, listed } from '../errors.ts';
import { type SplitOptions, splitRows } from '../splitRows.ts';
import type { FeatureEncoding, TableEncoding, TargetEncoding } from './encoding.ts';
import { Moments } from './moments.ts';
import { MostlyNumbers } from './mostlyNumbers.ts';
import {
  type ColumnValues,
  isMissing,
  readColumn,
  refuseInfinite,
  type Table,
  unlikeNumbers,
} from './table.ts';

/** Options of {@link fitTable}. */
export interface FitTableOptions {
  /** The column to predict. Default: one called target, label, class or y, or else the last column. */
  readonly target?: string;
  /** Columns to leave out, such as row numbers. */
  readonly drop?: readonly string[];
  /** The kind of task. Default: classification for text or a few distinct whole numbers, else regression. */
  readonly task?: 'classification' | 'regression';
  /**
   * The split of the examples by `splitRows`. Means, deviations and categories are computed from the training rows
   * alone. Default: from all rows.
   */
  readonly split?: SplitOptions;
}

/** A column with more distinct values counts as free text, not as a category. */
const maxValues = 100;
/** A target with at most this many distinct whole numbers counts as classes. */
const maxClasses = 20;

type Column = Table['columns'][number];

/**
 * Computes the encoding of a table: the mean and deviation of each column of numbers, the values of each category, and
 * the classes. From the validation rows it uses only the class names. Columns are read one at a time, part by part.
 *
 * @returns the encoding, and notes about the guesses
 * @throws {ClrError} on a missing target, and on columns that cannot be used
 *
 * @example
 * ```ts
 * const table = tableOf([
 *   { name: 'size', kind: 'number', values: Float64Array.of(1, 2, 3, 4) },
 *   { name: 'kind', kind: 'text', values: ['cat', 'dog', 'cat', 'dog'] },
 * ]);
 * (await fitTable(table)).encoding.target; // { name: 'kind', type: 'classes', classes: ['cat', 'dog'] }
 * ```
 */
export async function fitTable(
  table: Table,
  options: FitTableOptions = {},
): Promise<{
  /** How each column becomes numbers. */
  readonly encoding: TableEncoding;
  /** What was guessed, as sentences. */
  readonly notes: readonly string[];
}> {
  const known = ['target', 'drop', 'task', 'split'] as const;
  const { drop = [], task, split } = checkOptionNames('clr/data', 'fitTable', options, known);
  const names = table.columns.map(({ name }) => name);
  for (const each of [...drop, ...(options.target === undefined ? [] : [options.target])]) {
    if (!names.includes(each))
      throw fail(`a column "${each}"`, listed(names), 'Give the name of one of these.');
  }
  if (options.target !== undefined && drop.includes(options.target)) {
    throw fail(
      'a target that is not dropped',
      `"${options.target}" as the target and as a column to drop`,
      'Leave the target out of the columns to drop.',
    );
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
  const notes: string[] = options.target === undefined ? [`The target is the column "${target.name}".`] : [];
  const answers = withNone(table, target.name, await readColumn(table, target), notes);
  refuseMissing(table, target.name, answers);
  const classes = classesOf(table, target, answers, task, notes);
  const training = new Uint8Array(table.rows).fill(split ? 0 : 1);
  if (split) {
    const places = new Map([...(classes ?? [])].map(([value], i) => [value, i]));
    const labels =
      classes &&
      Float64Array.from(answers as ArrayLike<string | number>, (answer) => places.get(answer) as number);
    for (const row of splitRows(labels ?? table.rows, split).train) training[row] = 1;
  }
  const features: FeatureEncoding[] = [];
  for (const column of left) {
    if (column === target) continue;
    const feature =
      column.kind === 'number'
        ? await fitNumber(table, column.name, training, notes)
        : await fitCategory(table, column.name, training, notes);
    if (feature) features.push(feature);
    else
      notes.push(
        `The column "${column.name}" has fewer than two values in the training rows and was left out.`,
      );
  }
  if (features.length === 0)
    throw fail('a column to learn from', 'constant columns alone', 'Give a table with features.');
  const encoded: TargetEncoding = classes
    ? { name: target.name, type: 'classes', classes: [...classes.values()] }
    : fitAnswer(target.name, answers as Float64Array, training);
  return { encoding: { version: 1, kind: 'table', features, target: encoded }, notes };
}

/** The encoding of a column of numbers; undefined if the column is constant. */
async function fitNumber(
  table: Table,
  name: string,
  training: Uint8Array,
  notes: string[],
): Promise<FeatureEncoding | undefined> {
  const moments = new Moments();
  let rows = 0;
  for (const [from, to] of table.parts) {
    const values = (await table.read(name, from, to)) as Float64Array;
    refuseInfinite(name, values, from);
    values.forEach((value, i) => {
      if (!training[from + i]) return;
      rows += 1;
      moments.add(value);
    });
  }
  const { mean, std, count } = moments;
  refuseHuge(name, std);
  if (std === 0) return undefined;
  const missing = rows - count;
  if (missing > 0)
    notes.push(`"${name}" is missing in ${missing} of ${rows} rows; a second number tells the model where.`);
  return { name, type: 'number', mean, std, missing: missing > 0 };
}

/** The encoding of a column of texts as categories; undefined if the column is constant. */
async function fitCategory(
  table: Table,
  name: string,
  training: Uint8Array,
  notes: string[],
): Promise<FeatureEncoding | undefined> {
  const found = new Set<string>();
  const cells = new MostlyNumbers();
  for (const [from, to] of table.parts) {
    const values = (await table.read(name, from, to)) as readonly (string | null)[];
    values.forEach((value, i) => {
      if (!training[from + i] || value === null) return;
      found.add(value);
      cells.see(value, from + i);
    });
    if (found.size > maxValues) {
      const odd = cells.odd
        ? `correct "${cells.odd.text}" in row ${cells.odd.row}`
        : 'look for cells that are not numbers';
      throw fail(
        `at most ${maxValues} values in the column "${name}"`,
        `${found.size}${to < table.rows ? ' and more' : ''}, such as "${[...found].sort()[0]}"`,
        `Leave it out if it is a name or free text: --drop ${name}. If it should hold numbers, ${odd}.`,
      );
    }
  }
  if (found.size < 2) return undefined;
  noteOdd(name, cells, notes);
  return { name, type: 'category', values: [...found].sort() };
}

function noteOdd(name: string, { odd }: MostlyNumbers, notes: string[]): void {
  if (!odd) return;
  notes.push(
    `"${name}" is read as text, because of "${odd.text}" in row ${odd.row}. If it should hold numbers, correct such cells.`,
  );
}

/** The classes of a target, in order, each with its name as the table first has it; undefined for a regression. */
function classesOf(
  table: Table,
  { name, kind }: Column,
  answers: ColumnValues,
  task: FitTableOptions['task'],
  notes: string[],
): ReadonlyMap<string | number, string> | undefined {
  if (kind === 'text') {
    const texts = answers as readonly string[];
    if (task === 'regression') {
      throw fail(`numbers in the target "${name}"`, ...unlikeNumbers(texts));
    }
    const cells = new MostlyNumbers();
    texts.forEach((text, row) => void cells.see(text, row));
    noteOdd(name, cells, notes);
    const found = [...new Set(texts)].sort();
    return checkClasses(name, new Map(found.map((text) => [text, text])), texts.length);
  }
  const numbers = answers as Float64Array;
  const most = task === 'classification' ? numbers.length / 2 : Math.min(maxClasses, numbers.length / 5);
  const found = task === 'regression' ? undefined : distinct(numbers, most);
  const vague = found?.find((number) => Math.abs(number) > Number.MAX_SAFE_INTEGER);
  if (task === 'classification' && vague !== undefined) {
    throw fail(
      `classes up to 2^53 in "${name}", beyond which a double cannot distinguish whole numbers`,
      String(vague),
      'Write such classes as texts.',
    );
  }
  const few = found && found.length <= most && found.every(Number.isSafeInteger);
  if (found && (task === 'classification' || few)) {
    if (task === undefined)
      notes.push(
        `The target "${name}" has ${found.length} whole numbers, so they are classes. For numbers: --task regression.`,
      );
    const rows = firstRows(numbers);
    const named = found.map(
      (number) => [number, table.written?.(name, rows.get(number) as number) ?? String(number)] as const,
    );
    return checkClasses(name, new Map(named), numbers.length);
  }
  if (task === undefined) notes.push(`The target "${name}" is a number: a regression.`);
  return undefined;
}

/** The distinct numbers in order. If there are more than `most`, only the first `most` + 1 of them. */
function distinct(numbers: Float64Array, most: number): number[] {
  const found = new Set<number>();
  for (const number of numbers) {
    found.add(number);
    if (found.size > most) break;
  }
  return [...found].sort((a, b) => a - b);
}

/** The first row of each number. */
function firstRows(numbers: Float64Array): ReadonlyMap<number, number> {
  const rows = new Map<number, number>();
  for (const [row, number] of numbers.entries()) if (!rows.has(number)) rows.set(number, row);
  return rows;
}

function checkClasses<Classes extends ReadonlyMap<string | number, string>>(
  name: string,
  classes: Classes,
  rows: number,
): Classes {
  if (classes.size < 2)
    throw fail(
      `at least two classes in "${name}"`,
      listed([...classes.values()]),
      'Name another column: --target NAME.',
    );
  if (classes.size > rows / 2) {
    throw fail(
      `classes in "${name}" that occur several times`,
      `${classes.size} in ${rows} rows`,
      'Name another column (--target NAME), or train a regression (--task regression).',
    );
  }
  return classes;
}

function fitAnswer(name: string, answers: Float64Array, training: Uint8Array): TargetEncoding {
  const moments = new Moments();
  answers.forEach((value, row) => {
    if (training[row]) moments.add(value);
  });
  const { mean, std } = moments;
  refuseHuge(name, std);
  if (std > 0) return { name, type: 'number', mean, std };
  throw fail(`a target "${name}" that varies`, `${mean} in every row`, 'Name another column: --target NAME.');
}

function refuseHuge(name: string, std: number): void {
  if (Number.isFinite(std)) return;
  throw fail(
    `numbers in the column "${name}" whose squares are finite`,
    'numbers above 1e150',
    'Scale the column, or give its logarithm.',
  );
}

/** Makes "None" a class of a target of texts, because it may be the name of one. A number "None" is still missing. */
function withNone(table: Table, name: string, answers: ColumnValues, notes: string[]): ColumnValues {
  if (answers instanceof Float64Array) return answers;
  let first: string | undefined;
  let count = 0;
  const named = answers.map((answer, row) => {
    const text = answer ?? table.written?.(name, row) ?? '';
    if (answer !== null || !/^none$/i.test(text)) return answer;
    first ??= text;
    count += 1;
    return text;
  });
  if (first !== undefined) {
    notes.push(
      `"${first}" is a class of "${name}", in ${count} of ${table.rows} rows. If it means a missing target, remove these rows.`,
    );
  }
  return named;
}

function refuseMissing(table: Table, name: string, answers: ColumnValues): void {
  const row =
    answers instanceof Float64Array
      ? answers.findIndex((value) => !Number.isFinite(value))
      : answers.indexOf(null);
  if (row < 0) return;
  const text = table.written?.(name, row);
  throw fail(
    `a target "${name}" in every row`,
    text ? `"${text}" in row ${row + 1}` : `none in row ${row + 1}`,
    `Remove the rows without a target.${text && isMissing(text) ? ' If this is a class, rename it.' : ''}`,
  );
}

import { fail } from '../errors.ts';
import { MostlyNumbers } from './mostlyNumbers.ts';

/** The values of a column: numbers (NaN: missing) or texts (null: missing). */
export type ColumnValues = Float64Array | readonly (string | null)[];

/** A column of a table in memory. */
export type TableColumn =
  | {
      /** The column's name. */
      readonly name: string;
      /** Numbers. */
      readonly kind: 'number';
      /** One number for each row; NaN where it is missing. */
      readonly values: Float64Array;
    }
  | {
      /** The column's name. */
      readonly name: string;
      /** Texts. */
      readonly kind: 'text';
      /** One text for each row; `null` where it is missing. */
      readonly values: readonly (string | null)[];
    };

/** A table that may be larger than memory, because it is read by columns and parts. */
export interface Table {
  /** The number of rows. */
  readonly rows: number;
  /** The columns, in the order of the file. */
  readonly columns: readonly {
    /** The column's name. */
    readonly name: string;
    /** The type of the column's values: numbers or texts. */
    readonly kind: TableColumn['kind'];
  }[];
  /** The rows of each part: those from `from` up to, but not including, `to`. A column of one part fits in memory. */
  readonly parts: readonly (readonly [from: number, to: number])[];
  /** Reads a column of one part, or of some rows of it. Numbers are a Float64Array. */
  read(column: string, from: number, to: number): Promise<ColumnValues>;
  /** The text of a cell as the file has it, such as "007" for 7. Only tables from text files have it. */
  written?(column: string, row: number): string;
}

/** Refuses two columns with the same name, because columns are identified by name. */
export function checkNames(names: readonly string[], file: string): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw fail(`one column of each name in ${file}`, `"${twice}" twice`, 'Rename one.');
}

/**
 * Makes a table from columns in memory.
 *
 * @example
 * ```ts
 * const table = tableOf([{ name: 'size', kind: 'number', values: Float64Array.of(1, 2, 3) }]);
 * [...(await table.read('size', 1, 3))]; // [2, 3]
 * ```
 */
export function tableOf(columns: readonly TableColumn[]): Table {
  const named = new Map(columns.map((column) => [column.name, column.values]));
  const rows = columns[0]?.values.length ?? 0;
  return {
    rows,
    columns,
    parts: [[0, rows]],
    read: async (name, from, to) => named.get(name)?.slice(from, to) ?? [],
  };
}

/** Reads a whole column. */
export async function readColumn(
  table: Table,
  { name, kind }: Table['columns'][number],
): Promise<ColumnValues> {
  if (kind === 'number') {
    const numbers = new Float64Array(table.rows);
    for (const [from, to] of table.parts)
      numbers.set((await table.read(name, from, to)) as Float64Array, from);
    return numbers;
  }
  const texts = new Array<string | null>(table.rows).fill(null);
  // Store each distinct text once, because a column of classes has few of them.
  const known = new Map<string | null, string | null>();
  for (const [from, to] of table.parts) {
    const part = (await table.read(name, from, to)) as readonly (string | null)[];
    part.forEach((text, i) => {
      if (!known.has(text)) known.set(text, text);
      texts[from + i] = known.get(text) ?? null;
    });
  }
  return texts;
}

/** The spellings of a missing value, in lower case. */
const missing: ReadonlySet<string> = new Set(['', 'na', 'n/a', 'nan', 'null', 'none', '?', '#n/a', '-']);

export const isMissing = (cell: string | undefined): boolean =>
  missing.has((cell ?? '').trim().toLowerCase());

/** Further spellings of a missing number, and the errors of spreadsheets, in lower case. Between texts they are texts. */
const missingNumbers: ReadonlySet<string> = new Set(
  '-- --- . .. ... n.a. n.a <na> nat nil missing #div/0! #value! #ref! #name? #num! #null!'.split(' '),
);

export const isMissingNumber = (cell: string): boolean => missingNumbers.has(cell.trim().toLowerCase());

/** Refuses infinite numbers; `from` is the row of the first value. */
export function refuseInfinite(name: string, values: ColumnValues, from: number): void {
  const at = values.findIndex((value) => value === Infinity || value === -Infinity);
  if (at < 0) return;
  throw fail(
    `finite numbers in the column "${name}"`,
    `${values[at]} in row ${from + at + 1}`,
    'Remove the row, or leave the cell empty.',
  );
}

/** The "received" and "advice" parts of the error for a column that holds texts instead of numbers. */
export function unlikeNumbers(
  texts: readonly (string | null)[],
): readonly [received: string, advice: string] {
  const cells = new MostlyNumbers();
  texts.forEach((text, row) => {
    if (text !== null) cells.see(text, row);
  });
  return cells.first === undefined
    ? ['texts, though they look like numbers', 'Write the column as numbers.']
    : [`"${cells.first.text}" in row ${cells.first.row}`, 'Look for cells that are not numbers.'];
}

import { fail, listed } from '../errors.ts';
import { isBlank, parseCsv, textOf } from '../text/parseCsv.ts';
import { readNumber } from '../text/readNumber.ts';
import { checkNames, isMissing, type Table, type TableColumn, tableOf } from './table.ts';

/**
 * Reads a CSV file as a table. The first row names the columns. A column whose cells are all numbers or missing is a
 * column of numbers.
 *
 * @param texts - columns to read as text, even if their cells look like numbers, such as those of {@link textColumns}
 * @throws {ClrError} if a row is shorter or longer than the header, or two columns have the same name
 *
 * @example
 * ```ts
 * const { columns } = readCsvTable(new TextEncoder().encode('size,kind\n1,cat\n2,dog'), 'pets.csv');
 * columns.map(({ name, kind }) => `${name}: ${kind}`); // ['size: number', 'kind: text']
 * ```
 */
export function readCsvTable(bytes: Uint8Array, name: string, texts: readonly string[] = []): Table {
  const { rows, delimiter } = parseCsv(textOf(bytes, name), name);
  const header = (rows[0] ?? []).map((cell) => cell.trim());
  // An empty line is a row of missing values, so that predictions stay beside their rows.
  const body = rows.slice(1).map((row) => (isBlank(row) ? header.map(() => '') : row));
  const comma = delimiter !== ',';
  if (header.every((cell) => readNumber(cell, comma) !== undefined)) {
    throw fail(`names of columns in the first row of ${name}`, listed(header, 6), 'Add a header.');
  }
  const titles = header.map((cell, at) => cell || `column ${at + 1}`);
  checkNames(titles, name);
  const odd = body.findIndex((row) => row.length !== header.length);
  if (odd >= 0) {
    throw fail(
      `${header.length} cells in each row of ${name}`,
      `${body[odd]!.length} in row ${odd + 2}`,
      'Put cells that hold the separator into quotation marks.',
    );
  }
  if (body.length === 0) throw fail(`rows in ${name}`, 'a header alone', 'Give a table with examples.');
  return tableOf(
    titles.map((column, at): TableColumn => {
      const cells = body.map((row) => row[at] as string);
      const numbers = cells.map((cell) => (isMissing(cell) ? Number.NaN : readNumber(cell, comma)));
      if (!texts.includes(column) && numbers.every((number) => number !== undefined)) {
        return { name: column, kind: 'number', values: Float64Array.from(numbers as number[]) };
      }
      return {
        name: column,
        kind: 'text',
        values: cells.map((cell) => (isMissing(cell) && !texts.includes(column) ? null : cell.trim())),
      };
    }),
  );
}

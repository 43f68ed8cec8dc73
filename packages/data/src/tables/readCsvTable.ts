import { fail, listed } from '../errors.ts';
import { isBlank, parseCsv, textOf } from '../text/parseCsv.ts';
import { hasThousands, isGrouped, readNumber } from '../text/readNumber.ts';
import { checkNames, isMissing, isMissingNumber, type Table, type TableColumn, tableOf } from './table.ts';

/**
 * Reads a CSV file as a table. The first row names the columns. A column whose cells are all numbers or missing is a
 * column of numbers.
 *
 * @param texts - columns to read as text, even if their cells look like numbers, such as those of {@link textColumns}
 * @throws {ClrError} if a row is shorter or longer than the header, or two columns have the same name. A column whose
 *   points may be decimal or divide thousands is refused when it is read
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
  const columns = titles.map((column, at): TableColumn => {
    const cells = body.map((row) => row[at] as string);
    const numbers = texts.includes(column) ? undefined : readNumbers(cells, comma);
    if (numbers) return { name: column, kind: 'number', values: numbers };
    return {
      name: column,
      kind: 'text',
      values: cells.map((cell) => (isMissing(cell) && !texts.includes(column) ? null : cell.trim())),
    };
  });
  const table = tableOf(columns);
  const unclear = comma ? unclearPoints(columns, body) : new Map<string, number>();
  const places = new Map(titles.map((title, at) => [title, at]));
  const written = (column: string, row: number): string =>
    body[row]?.[places.get(column) ?? -1]?.trim() ?? '';
  return {
    ...table,
    written,
    // Such columns are refused when they are read, so that they may be left out.
    async read(column, from, to) {
      const row = unclear.get(column);
      if (row === undefined) return table.read(column, from, to);
      const cell = written(column, row);
      throw fail(
        `numbers with one meaning in the column "${column}" of ${name}, which has decimal commas`,
        `${cell} in row ${row + 2}, where the point may divide thousands`,
        `Write ${cell.replaceAll('.', '')} or ${cell.replace('.', ',')}.`,
      );
    },
  };
}

/** The numbers of a column; undefined if a cell is neither a number nor missing. */
function readNumbers(cells: readonly string[], comma: boolean): Float64Array | undefined {
  const thousands = comma && cells.some(hasThousands);
  const numbers = new Float64Array(cells.length);
  for (const [row, cell] of cells.entries()) {
    const plain = thousands && isGrouped(cell) ? cell.replaceAll('.', '') : cell;
    const number = isMissing(cell) ? Number.NaN : readNumber(plain, comma);
    if (number === undefined && !isMissingNumber(cell)) return undefined;
    numbers[row] = number ?? Number.NaN;
  }
  return numbers;
}

/**
 * The columns of numbers whose points may be decimal or divide thousands, each with the first such row. Points are
 * decimal if the table has no decimal commas, or if the column has none and its points do not all divide thousands.
 */
function unclearPoints(
  columns: readonly TableColumn[],
  body: readonly (readonly string[])[],
): ReadonlyMap<string, number> {
  const commas = columns.map(
    ({ kind }, at) => kind === 'number' && body.some((row) => row[at]!.includes(',')),
  );
  const found = new Map<string, number>();
  if (!commas.includes(true)) return found;
  for (const [at, { name, kind }] of columns.entries()) {
    const row = body.findIndex((cells) => isGrouped(cells[at] as string));
    if (kind !== 'number' || row < 0 || body.some((cells) => hasThousands(cells[at] as string))) continue;
    const decimal = body.some((cells) => /\d\.|\.\d/.test(cells[at]!) && !isGrouped(cells[at] as string));
    if (commas[at] || !decimal) found.set(name, row);
  }
  return found;
}

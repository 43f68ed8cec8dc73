import Papa from 'papaparse';
import { fail } from '../errors.ts';
import { decodeText } from './decodeText.ts';
import { readNumber } from './readNumber.ts';

/** The cells of a CSV file, row by row, and the separator. */
export interface CsvCells {
  readonly rows: readonly (readonly string[])[];
  readonly delimiter: string;
}

/**
 * Splits text into cells. The separator is guessed among comma, tab, semicolon, bar and space. Empty rows are kept, since
 * each row of a table has a prediction; only those before the header and at the end are dropped. Spreadsheets often
 * export empty rows at the end.
 */
export function parseCsv(text: string, name: string): CsvCells {
  // Python's csv module ends lines so on Windows, if the file is not opened with newline=''.
  const lines = withoutEnd(text.includes('\r\r\n') ? text.replaceAll('\r\r\n', '\r\n') : text);
  const delimiter = guessDelimiter(lines);
  const { data, errors } = Papa.parse<string[]>(lines, { delimiter });
  const broken = errors.find(({ type }) => type === 'Quotes');
  if (broken) {
    throw fail(
      `whole cells in ${name}`,
      `row ${(broken.row ?? 0) + 1}: ${broken.message}`,
      'Close the quotation mark there.',
    );
  }
  const first = data.findIndex((row) => !isBlank(row));
  let end = data.length;
  while (end > 1 && data[end - 1]!.length > 1 && isBlank(data[end - 1]!)) end -= 1;
  return { rows: data.slice(Math.max(first, 0), end), delimiter };
}

/** True for an empty line, and for a row of empty cells. */
export const isBlank = (row: readonly string[]): boolean => row.every((cell) => cell.trim() === '');

/** Drops the empty lines at the end. A quoted empty cell stays, because it is a row. */
function withoutEnd(text: string): string {
  let end = text.length;
  while (end > 0 && ' \r\n'.includes(text[end - 1] as string)) end -= 1;
  const line = text.slice(end).search(/[\r\n]/);
  return line < 0 ? text : text.slice(0, end + line);
}

/** The number of rows by which the separator is guessed. */
const previewed = 20;

/**
 * Guesses the separator: of those that split the header, the one that splits the rows most evenly. Spaces are often part
 * of names and times, so they separate cells only if nothing else splits the header, or if each comma is in a number.
 */
function guessDelimiter(text: string): string {
  const found = [',', '\t', ';', '|']
    .map((delimiter) => rate(text, delimiter))
    .filter(({ header }) => header.length > 1)
    .sort(
      (a, b) =>
        a.uneven - b.uneven ||
        Number(areDecimal(b.rows)) - Number(areDecimal(a.rows)) ||
        b.header.length - a.header.length,
    );
  const space = rate(text, ' ');
  const isEven = space.header.length > 1 && space.uneven * 2 <= space.rows.length;
  if (isEven && (found.length === 0 || (space.uneven === 0 && areDecimal([space.header, ...space.rows]))))
    return ' ';
  return found[0]?.delimiter ?? (hasDecimalCommas(text) ? ';' : ',');
}

/** The first rows, split by a separator, and how many of them have more or fewer cells than the header. */
function rate(text: string, delimiter: string) {
  const { data } = Papa.parse<string[]>(text, { delimiter, preview: previewed });
  const [header = [], ...rows] = data.filter((row) => !isBlank(row));
  return { delimiter, header, rows, uneven: rows.filter(({ length }) => length !== header.length).length };
}

/** True if the cells hold commas, each of them in a number. */
function areDecimal(rows: readonly (readonly string[])[]): boolean {
  const commas = rows.flat().filter((cell) => cell.includes(','));
  return commas.length > 0 && commas.every((cell) => readNumber(cell, true) !== undefined);
}

/** True if a table of one column has commas outside quotation marks, and each is a decimal comma. */
function hasDecimalCommas(text: string): boolean {
  const { data } = Papa.parse<string[]>(text, { delimiter: ',' });
  const split = data.filter((row) => row.length > 1);
  return split.length > 0 && split.every((row) => readNumber(row.join(','), true) !== undefined);
}

/** Decodes the text of a file. Throws if it is not text. */
export function textOf(bytes: Uint8Array, name: string): string {
  let text: string;
  try {
    text = decodeText(bytes);
  } catch (cause) {
    throw fail(
      `text in ${name}, as UTF-8 or UTF-16`,
      'bytes that are not text in either',
      'Save the file as UTF-8.',
      { cause },
    );
  }
  if (text.trim() === '') throw fail(`something in ${name}`, 'nothing', 'Give a file that is not empty.');
  return text;
}

import Papa from 'papaparse';
import { fail } from '../errors.ts';
import { decodeText } from './decodeText.ts';

/** The cells of a CSV file, row by row, and the separator. */
export interface CsvCells {
  readonly rows: readonly (readonly string[])[];
  readonly delimiter: string;
}

const delimiters = [',', '\t', ';', '|', ' '];

/** Splits text into cells. The separator is guessed among comma, tab, semicolon, bar and space. */
export function parseCsv(text: string, name: string): CsvCells {
  const { data, errors, meta } = Papa.parse<string[]>(text, {
    skipEmptyLines: 'greedy',
    delimitersToGuess: delimiters,
  });
  const broken = errors.find(({ type }) => type === 'Quotes');
  if (broken) {
    throw fail(
      `whole cells in ${name}`,
      `row ${(broken.row ?? 0) + 1}: ${broken.message}`,
      'Close the quotation mark there.',
    );
  }
  return { rows: data, delimiter: meta.delimiter };
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

import { fail, listed } from '../errors.ts';
import { type CsvCells, isBlank, parseCsv } from '../text/parseCsv.ts';
import { readNumber } from '../text/readNumber.ts';
import type { Column, CurveSource, CurveTable } from './curve.ts';

/** The series in a CSV file: one for each column, or one for each key if each row holds one key and value (MLflow). */
export function fromCsv(text: string, name: string): CurveTable {
  const cells = parseCsv(text, name);
  const comma = cells.delimiter !== ',';
  const filled = cells.rows.filter((row) => !isBlank(row));
  const [first = [], ...others] = filled;
  const headless = first.every((cell) => readNumber(cell, comma) !== undefined);
  const names = headless ? first.map((_, i) => `column ${i + 1}`) : first.map((cell) => cell.trim());
  const rows = headless ? filled : others;
  if (rows.length === 0) {
    throw fail(`rows of numbers in ${name}`, 'a header alone', 'Export the curve again, with its points.');
  }
  checkWidths(rows, names, headless, name);
  const lower = names.map((each) => each.toLowerCase());
  const at = (...wanted: readonly string[]): number => lower.findIndex((each) => wanted.includes(each));
  const [key, value] = [at('key', 'metric', 'tag'), at('value')];
  const step = at('step', '_step', 'global_step', 'trainer/global_step', 'iteration', 'iter', 'batch');
  const read = (row: readonly string[], column: number): number | undefined =>
    readNumber(row[column] ?? '', comma);
  const found = (rowsOf: CsvCells['rows'], column: number, title: string): Column => {
    const points = rowsOf.flatMap((row, i) => {
      const number = read(row, column);
      if (number === undefined) return [];
      return [
        { step: (step < 0 ? i : read(row, step)) ?? i, number: Number.isFinite(number) ? number : null },
      ];
    });
    return {
      name: title,
      steps: points.map((point) => point.step),
      values: points.map(({ number }) => number),
    };
  };
  if (key >= 0 && value >= 0) {
    oneRun(rows, at('run_id', 'run id', 'run', 'run_uuid'), name);
    const keys = [...new Set(rows.map((row) => row[key] ?? ''))];
    const columns = keys.map((one) =>
      found(
        rows.filter((row) => row[key] === one),
        value,
        one,
      ),
    );
    return { source: 'MLflow', columns };
  }
  const columns = names.flatMap((title, i) =>
    i === step || /__(MIN|MAX)$/.test(title) ? [] : [found(rows, i, title)],
  );
  return {
    source: sourceOf(names),
    columns: columns.filter(({ values }) => values.length > 0),
    ...(at('lrs') >= 0 && at('losses') >= 0 && { smoothing: 'fastai' as const }),
  };
}

function checkWidths(
  rows: CsvCells['rows'],
  names: readonly string[],
  headless: boolean,
  name: string,
): void {
  const odd = rows.findIndex((row) => row.length > names.length);
  if (odd < 0) return;
  throw fail(
    `${names.length} cells in each row of ${name}`,
    `${rows[odd]!.length} in row ${odd + (headless ? 1 : 2)}`,
    'Put cells that hold the separator into quotation marks.',
  );
}

function oneRun(rows: CsvCells['rows'], column: number, name: string): void {
  const runs = column < 0 ? [] : [...new Set(rows.map((row) => row[column] ?? ''))];
  if (runs.length <= 1) return;
  throw fail(
    `the curve of one run in ${name}`,
    `${runs.length} runs: ${listed(runs, 4)}`,
    'Export each run to a separate file, and give all files.',
  );
}

function sourceOf(names: readonly string[]): CurveSource {
  if (names.includes('lrs') && names.includes('losses')) return 'fastai';
  const isWandb = names.some((each) => each === '_step' || /__(MIN|MAX)$/.test(each) || / - /.test(each));
  return isWandb ? 'Weights & Biases' : 'CSV';
}

import type { Dataset, Values } from '../dataset.ts';
import { fail, listed } from '../errors.ts';
import { type TableEncoding, widthOf } from './encoding.ts';
import type { Table, TableColumn } from './table.ts';

/**
 * A table as examples: `input` holds the features [width], `target` the class or the standardised number.
 *
 * @param wantsTarget - whether rows must have the answer; false for predictions. Default true
 * @throws {ClrError} if a column of the encoding is missing or of another kind, or an answer is not one of the classes
 *
 * @example
 * ```ts
 * const table = { rows: 4, columns: [
 *   { name: 'size', kind: 'number', values: Float64Array.of(1, 3, 1, 3) },
 *   { name: 'kind', kind: 'text', values: ['cat', 'dog', 'cat', 'dog'] },
 * ] };
 * const dataset = tableDataset(table, fitTable(table).encoding);
 * (await dataset.read([1])).input.data[0]; // 1
 * ```
 */
export function tableDataset(table: Table, encoding: TableEncoding, wantsTarget = true): Dataset {
  const { features, target } = encoding;
  const width = features.reduce((sum, feature) => sum + widthOf(feature), 0);
  const inputs = new Float32Array(table.rows * width);
  let at = 0;
  for (const feature of features) {
    const column = columnOf(table, feature.name, feature.type === 'number' ? 'number' : 'text');
    if (feature.type === 'number') {
      for (let row = 0; row < table.rows; row++) {
        const value = (column as Extract<TableColumn, { kind: 'number' }>).values[row] as number;
        const there = Number.isFinite(value);
        inputs[row * width + at] = there ? (value - feature.mean) / feature.std : 0;
        if (feature.missing) inputs[row * width + at + 1] = there ? 0 : 1;
      }
    } else {
      const places = new Map(feature.values.map((value, i) => [value, i]));
      for (let row = 0; row < table.rows; row++) {
        const place = places.get(textAt(column, row) ?? '');
        if (place !== undefined) inputs[row * width + at + place] = 1;
      }
    }
    at += widthOf(feature);
  }
  const answers = wantsTarget ? answersOf(table, target) : undefined;
  const isClass = target.type === 'classes';
  return {
    count: table.rows,
    fields: {
      input: { type: 'float32', dims: [width] },
      ...(answers && { target: isClass ? { type: 'int64', dims: [] } : { type: 'float32', dims: [1] } }),
    },
    ...(answers && isClass && { labels: answers }),
    notes: [],
    async read(rows) {
      const data = new Float32Array(rows.length * width);
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i] as number;
        data.set(inputs.subarray(row * width, (row + 1) * width), i * width);
      }
      const values: Record<string, Values> = { input: { type: 'float32', dims: [rows.length, width], data } };
      if (answers) {
        const taken = Array.from(rows, (row) => answers[row] as number);
        values['target'] = isClass
          ? { type: 'int64', dims: [rows.length], data: BigInt64Array.from(taken, BigInt) }
          : { type: 'float32', dims: [rows.length, 1], data: Float32Array.from(taken) };
      }
      return values;
    },
  };
}

/** A text as it is, and a number as JavaScript writes it: classes may be numbers. */
function textAt({ kind, values }: TableColumn, row: number): string | null {
  const value = values[row];
  if (kind === 'number') return Number.isNaN(value) ? null : String(value);
  return value as string | null;
}

function columnOf(table: Table, name: string, kind: TableColumn['kind']): TableColumn {
  const column = table.columns.find((each) => each.name === name);
  if (!column) {
    throw fail(
      `the column "${name}", which the model was trained with`,
      listed(table.columns.map((each) => each.name)),
      'Give a table with the same columns.',
    );
  }
  if (kind === 'number' && column.kind === 'text') {
    const bad = column.values.find((value) => value !== null && Number.isNaN(Number(value)));
    throw fail(`numbers in the column "${name}"`, `"${bad}"`, 'Look for cells that are no numbers.');
  }
  return column;
}

function answersOf(table: Table, target: TableEncoding['target']): Float64Array {
  const column = columnOf(table, target.name, target.type === 'number' ? 'number' : 'text');
  const places =
    target.type === 'classes' ? new Map(target.classes.map((value, i) => [value, i])) : undefined;
  return Float64Array.from({ length: table.rows }, (_, row) => {
    const text = textAt(column, row);
    const answer =
      target.type === 'number'
        ? ((column.values[row] as number) - target.mean) / target.std
        : places?.get(text ?? '');
    if (answer !== undefined && Number.isFinite(answer)) return answer;
    throw fail(
      target.type === 'number'
        ? `a number in "${target.name}"`
        : `one of the classes in "${target.name}": ${listed(target.type === 'classes' ? target.classes : [])}`,
      `${text ?? 'nothing'} in row ${row + 1}`,
      'Remove the row, or train with all classes.',
    );
  });
}

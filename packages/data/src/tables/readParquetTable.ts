import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { ByteSource } from '../byteSource.ts';
import { fail } from '../errors.ts';
import type { Table, TableColumn } from './table.ts';

/** The rows that are decoded at a time. */
const chunk = 65_536;

/**
 * A Parquet file as a table, read in parts. Numbers, booleans and dates (as milliseconds) become numbers; decimals are
 * rounded to doubles.
 *
 * @throws {ClrError} on a damaged file, and on columns of lists, structs and bytes
 *
 * @example
 * ```ts
 * const source = bytesSource(await readFile('table.parquet'));
 * (await readParquetTable(source, 'table.parquet')).rows; // 3000
 * ```
 */
export async function readParquetTable(source: ByteSource, name: string): Promise<Table> {
  const file = {
    byteLength: source.size,
    slice: async (begin: number, end = source.size) => {
      const bytes = await source.read(begin < 0 ? source.size + begin : begin, end);
      // Not slice(), which a Buffer answers with a view.
      return new Uint8Array(bytes).buffer;
    },
  };
  try {
    const metadata = await parquetMetadataAsync(file);
    const rows = Number(metadata.num_rows);
    const names = (metadata.schema[0]?.num_children ?? 0) > 0 ? topNames(metadata.schema) : [];
    const columns = new Map<string, { numbers: Float64Array; texts?: (string | null)[] }>();
    for (const each of names) columns.set(each, { numbers: new Float64Array(rows).fill(Number.NaN) });
    for (let from = 0; from < rows; from += chunk) {
      const options = { file, metadata, compressors, rowStart: from, rowEnd: Math.min(rows, from + chunk) };
      const part = await parquetReadObjects(options);
      part.forEach((record, i) => {
        for (const each of names) store(columns.get(each)!, from + i, record[each], each, rows);
      });
    }
    if (rows === 0) throw fail(`rows in ${name}`, 'none', 'Give a table with examples.');
    return {
      rows,
      columns: [...columns].map(
        ([title, { numbers, texts }]): TableColumn =>
          texts
            ? { name: title, kind: 'text', values: texts }
            : { name: title, kind: 'number', values: numbers },
      ),
    };
  } catch (cause) {
    if ((cause as Error).name === 'ClrError') throw cause;
    throw fail(`a Parquet table in ${name}`, (cause as Error).message, 'Write the file again.', { cause });
  }
}

interface Element {
  readonly name: string;
  readonly num_children?: number | undefined;
}

/** The names of the columns at the top of a schema, which lists them depth first. */
function topNames(schema: readonly Element[]): string[] {
  const names: string[] = [];
  const skip = (at: number): number => {
    let next = at + 1;
    for (let child = 0; child < (schema[at]?.num_children ?? 0); child++) next = skip(next);
    return next;
  };
  for (let at = 1; at < schema.length; at = skip(at)) names.push((schema[at] as Element).name);
  return names;
}

function store(
  column: { numbers: Float64Array; texts?: (string | null)[] },
  row: number,
  value: unknown,
  name: string,
  rows: number,
): void {
  if (value === null || value === undefined) return;
  if (typeof value === 'string') {
    column.texts ??= new Array<string | null>(rows).fill(null);
    column.texts[row] = value;
  } else if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
    column.numbers[row] = Number(value);
  } else if (value instanceof Date) {
    column.numbers[row] = value.getTime();
  } else {
    throw fail(
      'columns of numbers, booleans, dates or texts',
      `"${name}" with ${Array.isArray(value) ? 'lists' : 'objects'} in it`,
      `Leave it out: --drop ${name}.`,
    );
  }
}

import type * as Arrow from 'apache-arrow';
import { fail } from '../errors.ts';
import type { Table } from './table.ts';

/**
 * A file in the Arrow format (also called Feather 2) as a table, read with the package `apache-arrow`, which you install
 * separately. Numbers, booleans, dates and times (as milliseconds) become numbers; decimals are rounded to doubles; dictionaries of
 * texts are texts.
 *
 * @throws {ClrError} without the package, on a damaged or compressed file; a column of lists, structs or bytes is refused when
 * it is read
 *
 * @example
 * ```ts
 * const table = await openArrowTable(await readFile('table.arrow'), 'table.arrow');
 * table.columns[0]; // { name: 'id', kind: 'number' }
 * ```
 */
export async function openArrowTable(bytes: Uint8Array, name: string): Promise<Table> {
  const arrow = await loadArrow(name);
  let table: Arrow.Table;
  try {
    table = arrow.tableFromIPC(bytes);
  } catch (cause) {
    const { message } = cause as Error;
    const packed = message.includes('codec');
    throw fail(
      `an Arrow table in ${name}${packed ? ', not compressed' : ''}`,
      message,
      packed ? "Write it with compression='uncompressed'." : 'Write the file again.',
      { cause },
    );
  }
  const rows = table.numRows;
  // apache-arrow returns a table without columns for bytes that are not Arrow data.
  if (table.numCols === 0) throw fail(`an Arrow table in ${name}`, 'no column', 'Write the file again.');
  if (rows === 0) throw fail(`rows in ${name}`, 'none', 'Give a table with examples.');
  const columns = table.schema.fields.map((field) => ({
    name: field.name,
    kind: isNumber(arrow, field.type) ? ('number' as const) : ('text' as const),
  }));
  return {
    ...{ rows, columns, parts: [[0, rows]] },
    async read(column, from, to) {
      const vector = table.getChild(column)?.slice(from, to);
      const { type } = table.schema.fields.find((field) => field.name === column) ?? {};
      if (!vector || !type) return [];
      if (!isNumber(arrow, type))
        return Array.from({ length: to - from }, (_, row) => toText(vector.get(row), column));
      const unit = arrow.DataType.isDecimal(type) ? 10 ** type.scale : 1;
      return Float64Array.from({ length: to - from }, (_, row) => toNumber(vector.get(row)) / unit);
    },
  };
}

async function loadArrow(name: string): Promise<typeof Arrow> {
  try {
    return await import('apache-arrow');
  } catch (cause) {
    throw fail(
      `the package apache-arrow, which reads ${name}`,
      'none installed',
      'Install it: npm install apache-arrow (with --global, if clr is). Or write Parquet.',
      { cause },
    );
  }
}

function isNumber({ DataType }: typeof Arrow, type: Arrow.DataType): boolean {
  return [
    DataType.isInt,
    DataType.isFloat,
    DataType.isBool,
    DataType.isDecimal,
    DataType.isDate,
    DataType.isTimestamp,
  ].some((is) => is.call(DataType, type));
}

/** A number. Decimals come unscaled, as whole numbers. */
function toNumber(value: unknown): number {
  if (value === null || value === undefined) return Number.NaN;
  // A decimal is an object whose text is a whole number.
  return typeof value === 'object' ? Number(String(value)) : Number(value);
}

function toText(value: unknown, column: string): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  throw fail(
    'columns of numbers, booleans, dates or texts',
    `"${column}" with lists, structs or bytes in it`,
    `Leave it out: --drop ${column}.`,
  );
}

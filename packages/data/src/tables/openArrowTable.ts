import type * as Arrow from 'apache-arrow';
import { fail } from '../errors.ts';
import { checkNames, type Table } from './table.ts';

/**
 * Opens a file in the Arrow format (also called Feather 2) as a table, with the package `apache-arrow`, which you
 * install separately. Numbers, booleans, dates, times of day and timestamps (as milliseconds) become numbers; decimals
 * are rounded to doubles; dictionaries of texts are texts.
 *
 * @throws {ClrError} without the package, and on a damaged or compressed file; a column of lists, structs or bytes is
 *   refused when it is read
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
  checkNames(
    columns.map((column) => column.name),
    name,
  );
  return {
    ...{ rows, columns, parts: [[0, rows]] },
    async read(column, from, to) {
      const vector = table.getChild(column)?.slice(from, to);
      const { type } = table.schema.fields.find((field) => field.name === column) ?? {};
      if (!vector || !type) return [];
      if (!isNumber(arrow, type))
        return Array.from({ length: to - from }, (_, row) => toText(vector.get(row), column, type));
      const numberOf = arrow.DataType.isDecimal(type)
        ? decimalOf(type.scale)
        : arrow.DataType.isTime(type)
          ? timeOf(type.unit)
          : toNumber;
      return Float64Array.from({ length: to - from }, (_, row) => numberOf(vector.get(row)));
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
      'Install it: npm install apache-arrow (with --global, if clr is installed globally). Or write Parquet.',
      { cause },
    );
  }
}

function isNumber(arrow: typeof Arrow, type: Arrow.DataType): boolean {
  const { DataType } = arrow;
  if (DataType.isDictionary(type)) return isNumber(arrow, type.dictionary);
  return [
    DataType.isInt,
    DataType.isFloat,
    DataType.isBool,
    DataType.isDecimal,
    DataType.isDate,
    DataType.isTime,
    DataType.isTimestamp,
  ].some((is) => is.call(DataType, type));
}

const toNumber = (value: unknown): number =>
  value === null || value === undefined ? Number.NaN : Number(value);

/**
 * Reads a time of day as milliseconds. `unit` is 0 for seconds, 1 for milliseconds, 2 for microseconds and 3 for
 * nanoseconds.
 */
const timeOf = (unit: Arrow.TimeUnit) => (value: unknown) => toNumber(value) / 1000 ** (unit - 1);

/**
 * Reads a decimal, stored as the words of a two's-complement integer, lowest word first. (apache-arrow's own conversion
 * to text is wrong above 128 bits.)
 */
const decimalOf =
  (scale: number) =>
  (value: Uint32Array | null): number => {
    if (value === null) return Number.NaN;
    const whole = value.reduceRight((high, word) => (high << 32n) | BigInt(word), 0n);
    return Number(BigInt.asIntN(32 * value.length, whole)) / 10 ** scale;
  };

function toText(value: unknown, column: string, type: Arrow.DataType): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  throw fail(
    'columns of numbers, booleans, dates or texts',
    `"${column}" of the type ${type}`,
    `Leave it out: --drop ${column}.`,
  );
}

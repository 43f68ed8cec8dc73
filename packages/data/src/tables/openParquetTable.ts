import { type FileMetaData, parquetMetadataAsync, parquetScan, type SchemaElement } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { ByteSource } from '../byteSource.ts';
import { fail } from '../errors.ts';
import { checkNames, type Table } from './table.ts';

/**
 * Opens a Parquet file as a table. One column of one row group is decoded at a time, so the file may have any size.
 * Numbers, booleans, dates, times of day and timestamps (as milliseconds) become numbers; decimals are rounded to
 * doubles. Keep the source open for as long as the table is used.
 *
 * @throws {ClrError} on a damaged file; a column of lists, structs or bytes is refused when it is read
 *
 * @example
 * ```ts
 * const table = await openParquetTable(bytesSource(await readFile('table.parquet')), 'table.parquet');
 * table.rows; // 3000
 * ```
 */
export async function openParquetTable(source: ByteSource, name: string): Promise<Table> {
  const file = {
    byteLength: source.size,
    slice: async (begin: number, end = source.size) => {
      const bytes = await source.read(begin < 0 ? source.size + begin : begin, end);
      // This copies the bytes. slice() would not, because slice() of a Buffer returns a view.
      return new Uint8Array(bytes).buffer;
    },
  };
  const damaged = (cause: unknown): Error =>
    (cause as Error).name === 'ClrError'
      ? (cause as Error)
      : fail(`a Parquet table in ${name}`, (cause as Error).message, 'Write the file again.', { cause });
  let metadata: FileMetaData;
  try {
    metadata = await parquetMetadataAsync(file);
  } catch (cause) {
    throw damaged(cause);
  }
  if (metadata.num_rows === 0n) throw fail(`rows in ${name}`, 'none', 'Give a table with examples.');
  const elements = topElements(metadata.schema);
  const columns = elements.map((element) => ({
    name: element.name,
    kind: isText(element) ? ('text' as const) : ('number' as const),
  }));
  checkNames(
    columns.map((column) => column.name),
    name,
  );
  let rows = 0;
  const parts = metadata.row_groups.map((group): readonly [number, number] => {
    const from = rows;
    rows += Number(group.num_rows);
    return [from, rows];
  });
  return {
    ...{ rows, columns, parts },
    async read(column, from, to) {
      const element = elements.find((each) => each.name === column);
      const divisor = element ? perMillisecond(element) : 1;
      try {
        // A scan keeps the data that it has read, so each read gets a new scan.
        const scan = await parquetScan({ file, metadata, compressors, parsers, columns: [column] });
        const values = await scan.readColumn({ column, rowStart: from, rowEnd: to });
        return element && !isText(element)
          ? Float64Array.from(values as ArrayLike<unknown>, (value) => toNumber(value, column) / divisor)
          : Array.from(values as ArrayLike<unknown>, (value) => toText(value, column));
      } catch (cause) {
        throw damaged(cause);
      }
    },
  };
}

/** Parsers of timestamps, which become fractional milliseconds, and of texts. Text that is not UTF-8 stays bytes. */
const parsers = {
  timestampFromMicroseconds: (micros: bigint) => Number(micros) / 1e3,
  timestampFromNanoseconds: (nanos: bigint) => Number(nanos) / 1e6,
  stringFromBytes: (bytes: Uint8Array) => {
    try {
      return bytes && new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return bytes;
    }
  },
};

/** The top-level columns of a schema, whose elements are listed depth first. */
function topElements(schema: readonly SchemaElement[]): SchemaElement[] {
  const top: SchemaElement[] = [];
  const skip = (at: number): number => {
    let next = at + 1;
    for (let child = 0; child < (schema[at]?.num_children ?? 0); child++) next = skip(next);
    return next;
  };
  for (let at = 1; at < schema.length; at = skip(at)) top.push(schema[at] as SchemaElement);
  return top;
}

/** True for a column that is read as text. Columns of neither texts nor numbers are refused when they are read. */
function isText({ type, converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  const isNumber = converted === 'DECIMAL' || logical?.type === 'DECIMAL' || logical?.type === 'FLOAT16';
  return (type === 'BYTE_ARRAY' || type === 'FIXED_LEN_BYTE_ARRAY') && !isNumber;
}

/** How many units of a stored time of day are a millisecond. hyparquet returns the stored numbers. */
function perMillisecond({ converted_type: converted, logical_type: logical }: SchemaElement): number {
  const unit = logical?.type === 'TIME' ? logical.unit : converted === 'TIME_MICROS' ? 'MICROS' : 'MILLIS';
  return { MILLIS: 1, MICROS: 1e3, NANOS: 1e6 }[unit];
}

function toNumber(value: unknown, column: string): number {
  if (value === null || value === undefined) return Number.NaN;
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return Number(value);
  throw otherKind(value, column);
}

function toText(value: unknown, column: string): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  throw otherKind(value, column);
}

const otherKind = (value: unknown, column: string): Error =>
  fail(
    'columns of numbers, booleans, dates or texts',
    `"${column}" with ${Array.isArray(value) ? 'lists' : value instanceof Uint8Array ? 'bytes' : 'objects'} in it`,
    `Leave it out: --drop ${column}.`,
  );

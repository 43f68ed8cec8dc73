import type { Dataset, Field, Values } from '../dataset.ts';
import { fail } from '../errors.ts';
import { type RawArray, readRows } from './rawArray.ts';

/** One field of the examples: its array, and the type to convert it to. */
export interface ArrayField {
  /** The array; its first axis counts the examples. */
  readonly array: RawArray;
  /** The type that the model takes. */
  readonly type: Values['type'];
  /** Multiplies each number: 1/255 for bytes of images. Default 1. */
  readonly scale?: number;
  /** For int64: the legal values are 0 to `vocabulary` − 1. Default: all values are legal. */
  readonly vocabulary?: number;
}

/** The maximum number of labels to keep in memory for a split by class. */
const maxLabels = 5e7;

/**
 * Makes examples from arrays whose first axis counts the examples. Rows are read from the file when a batch needs them.
 *
 * @param fields - the arrays by the names of the model's inputs, and `target`
 * @throws {ClrError} if they have different numbers of rows
 *
 * @example
 * ```ts
 * const idx = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 5, 7);
 * const [array] = await openArrays(bytesSource(idx), 'labels');
 * const dataset = await arraysDataset({ target: { array, type: 'int64' } });
 * Number((await dataset.read([1])).target.data[0]); // 7
 * ```
 */
export async function arraysDataset(fields: Readonly<Record<string, ArrayField>>): Promise<Dataset> {
  const entries = Object.entries(fields);
  const counts = entries.map(([, { array }]) => array.dims[0] ?? 0);
  const count = counts[0] ?? 0;
  if (counts.some((each) => each !== count) || count === 0) {
    throw fail(
      'arrays with the same number of rows, at least one',
      entries.map(([, { array }]) => `${array.name} [${array.dims.join(', ')}]`).join(', '),
      'Give arrays whose first axis counts the examples.',
    );
  }
  const target = fields['target'];
  const isLabels = target?.type === 'int64' && target.array.dims.length === 1 && count <= maxLabels;
  const all = { length: count };
  const labels = isLabels
    ? await readRows(
        target.array,
        Uint32Array.from(all, (_, i) => i),
        (length) => new Float64Array(length),
      )
    : undefined;
  return {
    count,
    fields: Object.fromEntries(
      entries.map(([name, { array, type }]): [string, Field] => [name, { type, dims: array.dims.slice(1) }]),
    ),
    ...(labels && { labels }),
    notes: [],
    async read(rows) {
      const values: Record<string, Values> = {};
      for (const [name, { array, type, scale = 1, vocabulary }] of entries) {
        const dims = [rows.length, ...array.dims.slice(1)];
        if (type === 'int64') {
          const numbers = await readRows(array, rows, (length) => new Float64Array(length));
          const rowOf = (at: number) => rows[Math.floor((at * rows.length) / numbers.length)];
          const odd = numbers.findIndex((number) => !Number.isInteger(number));
          if (odd >= 0) {
            throw fail(
              `whole numbers in "${array.name}"`,
              `${numbers[odd]} in row ${rowOf(odd)}`,
              name === 'target'
                ? 'Give classes as whole numbers, or train a regression (--loss mse).'
                : 'The model reads whole numbers, such as tokens. Give whole numbers, or use a model that reads floats.',
            );
          }
          const alien =
            vocabulary === undefined ? -1 : numbers.findIndex((number) => number < 0 || number >= vocabulary);
          if (alien >= 0) {
            throw fail(
              `numbers from 0 to ${(vocabulary as number) - 1} in "${array.name}", the vocabulary of the model`,
              `${numbers[alien]} in row ${rowOf(alien)}`,
              'Number the tokens from 0, including padding, or make a model with a larger vocabulary.',
            );
          }
          values[name] = {
            type,
            dims,
            data: BigInt64Array.from(numbers, (number) => BigInt(number)),
          };
        } else {
          const data = await readRows(array, rows, (length) => new Float32Array(length));
          if (scale !== 1) for (let i = 0; i < data.length; i++) data[i] = (data[i] as number) * scale;
          values[name] = { type, dims, data };
        }
      }
      return values;
    },
  };
}

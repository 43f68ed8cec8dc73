import type { Dataset } from './dataset.ts';

/**
 * Returns the same examples, with `input` renamed to the name of a model's input.
 *
 * @example
 * ```ts
 * const idx = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 5, 7);
 * const [array] = await openArrays(bytesSource(idx), 'x');
 * const dataset = await arraysDataset({ input: { array, type: 'float32' } });
 * Object.keys(inputNamed(dataset, 'pixels').fields); // ['pixels']
 * ```
 */
export function inputNamed(dataset: Dataset, name: string): Dataset {
  if (name === 'input') return dataset;
  const under = <T>({ input, ...rest }: Readonly<Record<string, T>>): Record<string, T> => ({
    [name]: input as T,
    ...rest,
  });
  return { ...dataset, fields: under(dataset.fields), read: async (rows) => under(await dataset.read(rows)) };
}

/** The encoding of a column as numbers. */
export type FeatureEncoding =
  | {
      readonly name: string;
      readonly type: 'number';
      /** Each number becomes (x − mean) / std. A missing one becomes 0. */
      readonly mean: number;
      readonly std: number;
      /** True if a second number says whether the first is missing. */
      readonly missing: boolean;
    }
  /** One number for each value: 1 for the value present, 0 for the others; all 0 if the value is missing or unknown. */
  | { readonly name: string; readonly type: 'category'; readonly values: readonly string[] };

/** The target of the model. */
export type TargetEncoding =
  | { readonly name: string; readonly type: 'classes'; readonly classes: readonly string[] }
  /** For numbers, the model learns (x − mean) / std. */
  | { readonly name: string; readonly type: 'number'; readonly mean: number; readonly std: number };

/** The encoding of a table: plain data to keep beside the model. */
export interface TableEncoding {
  readonly version: 1;
  readonly kind: 'table';
  readonly features: readonly FeatureEncoding[];
  readonly target: TargetEncoding;
}

/** The number of model inputs of a feature. */
export const widthOf = (feature: FeatureEncoding): number =>
  feature.type === 'number' ? (feature.missing ? 2 : 1) : feature.values.length;

/**
 * The columns that an encoding reads as text, so that "01" and "1" stay different values.
 *
 * @example
 * ```ts
 * const csv = (text) => new TextEncoder().encode(text);
 * const table = readCsvTable(csv('code,y\n01,a\nx,b\n01,a\nx,b'), 'codes.csv');
 * const names = textColumns((await fitTable(table)).encoding); // ['code', 'y']
 * await readCsvTable(csv('code\n01'), 'new.csv', names).read('code', 0, 1); // ['01']
 * ```
 */
export const textColumns = ({ features, target }: TableEncoding): string[] => [
  ...features.filter(({ type }) => type === 'category').map(({ name }) => name),
  ...(target.type === 'classes' && target.classes.some((name) => String(Number(name)) !== name)
    ? [target.name]
    : []),
];

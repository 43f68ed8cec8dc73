/** How a column becomes numbers for a model. */
export type FeatureEncoding =
  | {
      readonly name: string;
      readonly type: 'number';
      /** Each number becomes (x − mean) / std; a missing one 0. */
      readonly mean: number;
      readonly std: number;
      /** Whether a second number says that the first is missing. */
      readonly missing: boolean;
    }
  /** One number for each value: 1 for the value present, 0 for the others; all 0 if the value is missing or unknown. */
  | { readonly name: string; readonly type: 'category'; readonly values: readonly string[] };

/** What the model predicts. */
export type TargetEncoding =
  | { readonly name: string; readonly type: 'classes'; readonly classes: readonly string[] }
  /** Numbers: the model learns (x − mean) / std. */
  | { readonly name: string; readonly type: 'number'; readonly mean: number; readonly std: number };

/** How a table becomes examples: plain data to keep beside the model. */
export interface TableEncoding {
  readonly version: 1;
  readonly kind: 'table';
  readonly features: readonly FeatureEncoding[];
  readonly target: TargetEncoding;
}

/** The number of model inputs that a feature takes. */
export const widthOf = (feature: FeatureEncoding): number =>
  feature.type === 'number' ? (feature.missing ? 2 : 1) : feature.values.length;

/**
 * The columns that an encoding reads as texts, so that "01" stays another value than "1".
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

/** The encoding of a column as numbers. */
export type FeatureEncoding =
  | {
      /** The column's name. */
      readonly name: string;
      /** A column of numbers. */
      readonly type: 'number';
      /** Each number becomes (x − mean) / std. A missing one becomes 0. */
      readonly mean: number;
      /** The standard deviation of the training rows. */
      readonly std: number;
      /** True if a second number says whether the first is missing. */
      readonly missing: boolean;
    }
  /** One number for each value: 1 for the value present, 0 for the others; all 0 if the value is missing or unknown. */
  | {
      /** The column's name. */
      readonly name: string;
      /** A column of texts that has few different values. */
      readonly type: 'category';
      /** The texts, in the order of their numbers. */
      readonly values: readonly string[];
    };

/** The target of the model. */
export type TargetEncoding =
  | {
      /** The column's name. */
      readonly name: string;
      /** Classes: the model learns a class's number. */
      readonly type: 'classes';
      /** The names of the classes, by their number. */
      readonly classes: readonly string[];
    }
  /** For numbers, the model learns (x − mean) / std. */
  | {
      /** The column's name. */
      readonly name: string;
      /** Numbers. */
      readonly type: 'number';
      /** The mean of the training rows. */
      readonly mean: number;
      /** The standard deviation of the training rows. */
      readonly std: number;
    };

/** The encoding of a table: plain data to store beside the model. */
export interface TableEncoding {
  /** The version of this format. */
  readonly version: 1;
  /** Distinguishes the encoding of a table from that of images. */
  readonly kind: 'table';
  /** The columns that the model reads, in order. */
  readonly features: readonly FeatureEncoding[];
  /** The column that the model predicts. */
  readonly target: TargetEncoding;
}

/** The number of model inputs that a feature becomes. */
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

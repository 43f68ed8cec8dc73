/** A column of a table: numbers (NaN: missing) or texts (null: missing). */
export type TableColumn =
  | { readonly name: string; readonly kind: 'number'; readonly values: Float64Array }
  | { readonly name: string; readonly kind: 'text'; readonly values: readonly (string | null)[] };

/** A table in memory. */
export interface Table {
  readonly rows: number;
  readonly columns: readonly TableColumn[];
}

/** The spellings of a missing value, in lower case. */
const missing: ReadonlySet<string> = new Set(['', 'na', 'n/a', 'nan', 'null', 'none', '?', '#n/a', '-']);

export const isMissing = (cell: string | undefined): boolean =>
  missing.has((cell ?? '').trim().toLowerCase());

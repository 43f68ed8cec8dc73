/**
 * Limits: the nesting depth of a snapshot, its number of values (a typed array counts as one), and the bytes of a
 * header.
 */
export const limits: { readonly depth: number; readonly values: number; readonly header: number } = {
  depth: 64,
  values: 2_000_000,
  header: 64 * 2 ** 20,
};

/** The nesting depth of a snapshot, and the length of a header in bytes. */
export const limits: { readonly depth: number; readonly header: number } = {
  depth: 64,
  header: 64 * 2 ** 20,
};

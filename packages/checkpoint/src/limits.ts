/** Objects and arrays inside one another in a snapshot, and the longest header in bytes. */
export const limits: { readonly depth: number; readonly header: number } = {
  depth: 64,
  header: 64 * 2 ** 20,
};

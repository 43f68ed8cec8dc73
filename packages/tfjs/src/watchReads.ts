/** Records which fields of an object were read since {@link ReadWatch.reset}. */
export interface ReadWatch {
  /** The watched fields that were not read. */
  unread(): string[];
  reset(): void;
}

/**
 * Turns fields into accessors that hold the same values and record every read. This lets clr throw an error if an
 * update did not use the number that clr set.
 */
export function watchReads(target: object, fields: readonly string[]): ReadWatch {
  const values = target as Record<string, unknown>;
  const read = new Set<string>();
  for (const field of fields) {
    let value = values[field];
    Object.defineProperty(target, field, {
      configurable: true,
      enumerable: true,
      get() {
        read.add(field);
        return value;
      },
      set(next) {
        value = next;
      },
    });
  }
  return {
    unread: () => fields.filter((field) => !read.has(field)),
    reset: () => read.clear(),
  };
}

/** Remembers which of an object's fields were read since {@link ReadWatch.reset}. */
export interface ReadWatch {
  /** The watched fields that nobody has read. */
  unread(): string[];
  reset(): void;
}

/**
 * Turns fields into accessors that hold the same values and note every read. So clr learns whether an
 * update really used the number that it was given, and can say so when it did not.
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

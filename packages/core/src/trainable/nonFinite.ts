/** How many numbers of a state are NaN, and how many infinite. */
export interface NonFinite {
  readonly nan: number;
  readonly infinite: number;
}

/** Counts what is not finite in a snapshot's plain data and typed arrays; looks at nothing else. */
export function nonFinite(state: unknown): NonFinite {
  let [nan, infinite] = [0, 0];
  const see = (value: unknown): void => {
    if (typeof value !== 'number' || Number.isFinite(value)) return;
    if (Number.isNaN(value)) nan++;
    else infinite++;
  };
  // A snapshot is the adapter's own: it may be deep, or go in a circle.
  const seen = new Set<object>();
  const open: unknown[] = [state];
  while (open.length > 0) {
    const part = open.pop();
    if (part instanceof Float32Array || part instanceof Float64Array) part.forEach(see);
    else if (isPlain(part) && !seen.has(part)) {
      seen.add(part);
      for (const inner of Object.values(part)) open.push(inner);
    } else see(part);
  }
  return { nan, infinite };
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value));
}

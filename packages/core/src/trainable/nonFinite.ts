/** The counts of NaN and of infinite numbers in a state. */
export interface NonFinite {
  readonly nan: number;
  readonly infinite: number;
}

/** Counts the numbers that are not finite in a snapshot's plain data and typed arrays. It ignores other objects. */
export function nonFinite(state: unknown): NonFinite {
  let [nan, infinite] = [0, 0];
  const see = (value: unknown): void => {
    if (typeof value !== 'number' || Number.isFinite(value)) return;
    if (Number.isNaN(value)) nan++;
    else infinite++;
  };
  // Each adapter chooses the structure of its snapshots. It may be deep or circular.
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

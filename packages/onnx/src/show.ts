/** Characters of a value in an error message. */
const longest = 100;

/** A value as an error message shows it; the middle of a long one is left out. */
export function show(value: unknown): string {
  const text = written(value);
  const half = longest / 2;
  return text.length > longest ? `${text.slice(0, half)}…${text.slice(-half)}` : text;
}

function written(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? `[${value.slice(0, longest).map(entry).join(', ')}]` : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

const entry = (value: unknown): string => (Array.isArray(value) ? 'a list' : written(value));

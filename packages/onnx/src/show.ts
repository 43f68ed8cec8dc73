/** The maximum length of a value in an error message. */
const longest = 100;

/** Formats a value for an error message. The middle of a long text is left out. */
export function show(value: unknown): string {
  const text = written(value);
  const half = longest / 2;
  return text.length > longest ? `${text.slice(0, half)}…${text.slice(-half)}` : text;
}

function written(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? `[${value.slice(0, longest).map(entry).join(', ')}]` : kindOf(value);
  if (typeof value === 'bigint') return `${value}n`;
  return typeof value === 'function' ? 'a function' : String(value);
}

/** Describes an object: a promise, a Float32Array of 64 numbers, a pattern, … */
function kindOf(value: object): string {
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (kind === 'Promise') return 'a promise (is an `await` missing?)';
  if (value instanceof RegExp) return String(value);
  if (value instanceof ArrayBuffer) return `an ArrayBuffer of ${value.byteLength} bytes`;
  return ArrayBuffer.isView(value) ? `a ${kind} of ${(value as Uint8Array).length} numbers` : 'an object';
}

const entry = (value: unknown): string => (Array.isArray(value) ? 'a list' : written(value));

/** Formats a shape for an error message. A dynamic axis has its name, or a question mark. */
export const shapeText = (dims: readonly (number | string)[]): string =>
  `[${dims.map((dim) => (typeof dim === 'number' ? dim : dim.startsWith('{') ? dim.slice(1, -1) : '?')).join(', ')}]`;

import { fail, inWords } from './errors.ts';

/** Nesting of a job's data: deeper data are most likely a circle. */
const maxDepth = 100;

/** JSON with the names of every object in order, so that equal data are equal text. Throws on what JSON cannot hold. */
export function canonical(value: unknown, path: string, depth = 0): string {
  if (depth > maxDepth) throw refusal(path, `more than ${maxDepth} levels`);
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) {
    return `[${Array.from(value, (each, at) => canonical(each, `${path}[${at}]`, depth + 1)).join(',')}]`;
  }
  if (typeof value !== 'object' || ![Object.prototype, null].includes(Object.getPrototypeOf(value))) {
    throw refusal(path, `${path} = ${inWords(value)}`);
  }
  const source = value as Readonly<Record<string, unknown>>;
  const entries = Object.keys(source)
    .filter((name) => source[name] !== undefined)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonical(source[name], `${path}.${name}`, depth + 1)}`);
  return `{${entries.join(',')}}`;
}

const refusal = (path: string, received: string) =>
  fail(
    `${path} to be JSON: finite numbers, texts, true, false, null, arrays and plain objects`,
    received,
    'Name things that are not JSON, and make them of their names in `open`.',
  );

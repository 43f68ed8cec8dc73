import { fail, inWords } from './errors.ts';

/** The maximum nesting of a job's data. Deeper data are most likely circular. */
const maxDepth = 100;

/** Writes data as JSON with sorted keys, so that equal data give equal text. Throws for values that are not JSON. */
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
    'Put names in the job, and let `open` create the values that are not JSON from these names.',
  );

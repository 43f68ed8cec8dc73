import { fail, inWords } from '../errors.ts';
import { limits } from '../limits.ts';

/**
 * Throws on values that JSON would lose or change: NaN, functions, typed arrays, class instances and holes. Also throws
 * on nesting that the reader refuses. Undefined fields are left out.
 */
export function checkJson(
  extra: unknown,
  refuse: (why: string) => Error = (why) =>
    fail('extra to be plain JSON', why, 'Store numbers and text; keep typed arrays in the snapshot.'),
): void {
  let values = 0;
  const walk = (item: unknown, path: string, depth: number): void => {
    if (depth > limits.depth) throw refuse(`an extra of more than ${limits.depth} levels`);
    if (++values > limits.values) throw refuse(`an extra of more than ${limits.values} values`);
    if (item === null || typeof item === 'string' || typeof item === 'boolean') return;
    if (Number.isFinite(item) && !Object.is(item, -0)) return;
    if (Array.isArray(item)) {
      // Not `forEach`, which skips the holes of a sparse array.
      for (const [index, part] of item.entries()) walk(part, `${path}[${index}]`, depth + 1);
      return;
    }
    if (!isPlain(item)) throw refuse(`${path} = ${Object.is(item, -0) ? '-0' : inWords(item)}`);
    for (const [name, part] of Object.entries(item)) {
      if (part !== undefined) walk(part, `${path}.${name}`, depth + 1);
    }
  };
  if (extra !== undefined) walk(extra, 'extra', 0);
}

/** True for a plain object of any realm. The prototype of a plain object has no prototype. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

import { damaged, fail, inWords } from '../errors.ts';
import { limits } from '../limits.ts';
import { dtypeOf, type TensorArray } from './dtypes.ts';
import { isPlain } from './json.ts';

/** A typed array of a snapshot, and its path: `state.velocity`. */
export interface Leaf {
  readonly path: string;
  readonly array: TensorArray;
}

/**
 * The tree's encoding of values that JSON lacks: `{ "$tensor": 3 }`, `{ "$number": "NaN" }`, `{ "$bigint": "7" }`.
 */
type Marker = '$tensor' | '$number' | '$bigint';
const markers: readonly string[] = ['$tensor', '$number', '$bigint'] satisfies Marker[];

/**
 * Splits plain data into JSON and typed arrays. Throws on values that cannot be restored exactly: functions, class
 * instances, typed arrays that went through JSON, arrays whose memory was transferred.
 */
export function toTree(value: unknown): { tree: unknown; leaves: readonly Leaf[] } {
  const leaves: Leaf[] = [];
  let values = 0;
  const walk = (item: unknown, path: string, depth: number): unknown => {
    const refuse = (received: string): Error =>
      fail(
        'a snapshot of plain data and typed arrays',
        `${received} at ${path || 'its root'}`,
        'Save the result of snapshot() of the adapter. Do not convert it to JSON.',
      );
    if (depth > limits.depth) throw refuse(`more than ${limits.depth} levels`);
    if (++values > limits.values) throw refuse(`more than ${limits.values} values`);
    if (item === null || typeof item === 'string' || typeof item === 'boolean') return item;
    if (typeof item === 'number') {
      return Number.isFinite(item) && !Object.is(item, -0) ? item : { $number: numberText(item) };
    }
    if (typeof item === 'bigint' && String(item).length <= 1000) return { $bigint: String(item) };
    if (ArrayBuffer.isView(item)) {
      if (dtypeOf(item) === undefined) throw refuse(`a ${item.constructor.name}`);
      if (isTransferred(item)) throw refuse('a typed array whose memory was transferred or cut off');
      leaves.push({ path: path || 'snapshot', array: item as TensorArray });
      return { $tensor: leaves.length - 1 };
    }
    const below = (part: unknown, name: string): unknown =>
      walk(part, path === '' ? name : `${path}.${name}`, depth + 1);
    if (Array.isArray(item)) return Array.from(item, (part, i) => below(part, String(i)));
    if (typeof item !== 'object') throw refuse(`a ${typeof item}`);
    if (!isPlain(item)) throw refuse(`a ${(item as object).constructor?.name}`);
    const entries = Object.entries(item).filter(([, part]) => part !== undefined);
    if (entries.some(([key]) => markers.includes(key) || key === '__proto__')) {
      throw refuse(`the reserved key ${entries.map(([key]) => key).find((key) => /^(\$|__)/.test(key))}`);
    }
    if (entries.length > 0 && entries.every(([key], i) => key === String(i))) {
      throw refuse('an object with the keys 0, 1, 2 …, which a typed array becomes in JSON,');
    }
    return Object.fromEntries(entries.map(([key, part]) => [key, below(part, key)]));
  };
  return { tree: walk(value, '', 0), leaves };
}

/** Puts the typed arrays back into the tree. Each must be used exactly once. */
export function fromTree(tree: unknown, arrays: readonly TensorArray[]): unknown {
  const used = new Set<number>();
  const walk = (item: unknown, depth: number): unknown => {
    if (depth > limits.depth) throw damaged(`a snapshot of more than ${limits.depth} levels`);
    if (typeof item !== 'object' || item === null) return item;
    if (Array.isArray(item)) return item.map((part) => walk(part, depth + 1));
    const entries = Object.entries(item);
    const [key, content] = entries[0] ?? [];
    if (entries.length === 1 && key !== undefined && markers.includes(key)) {
      if (key === '$tensor') {
        const array = Number.isSafeInteger(content) ? arrays[content] : undefined;
        if (array === undefined || used.has(content))
          throw damaged(`tensor ${inWords(content)} missing or used twice`);
        used.add(content);
        return array;
      }
      const text = typeof content === 'string' ? content : '';
      if (key === '$number' && /^(NaN|-?Infinity|-0)$/.test(text)) return Number(text);
      if (key === '$bigint' && /^-?\d{1,1000}$/.test(text)) return BigInt(text);
      throw damaged(`${key} = ${inWords(content)}`);
    }
    if (Object.hasOwn(item, '__proto__')) throw damaged('the reserved key __proto__');
    return Object.fromEntries(entries.map(([name, part]) => [name, walk(part, depth + 1)]));
  };
  const value = walk(tree, 0);
  if (used.size !== arrays.length) throw damaged(`${arrays.length} tensors, of which ${used.size} are used`);
  return value;
}

const numberText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

/**
 * True if a typed array has lost its memory: `postMessage` or `structuredClone` transferred it, or its resizable buffer
 * shrank.
 */
function isTransferred(array: ArrayBufferView): boolean {
  try {
    Uint8Array.prototype.at.call(array, 0); // Throws without memory, also for an empty array.
    return false;
  } catch {
    return true;
  }
}

/**
 * One axis of a shape: a number, or an expression for a size known only at run time. Expressions are written in the
 * model's own symbols, so equal sizes have equal texts.
 */
export type Dim = number | string;

/** A shape, or `undefined` if not even the rank is known. */
export type Dims = readonly Dim[] | undefined;

/** No runtime accepts tensors with more axes. */
export const highestRank = 64;

let fresh = 0;

/** An unknown size, equal only to itself. */
export function unknownDim(): Dim {
  fresh += 1;
  return `?${fresh}`;
}

/** Exporters do not write longer expressions. In a hostile model, expressions may double with every node. */
const longestText = 512;

/** An expression as a size, or an unknown size if the expression is too long. */
function written(text: string): Dim {
  return text.length > longestText ? unknownDim() : text;
}

const isZero = (a: Dim): boolean => a === 0;

/** A shape of unknown sizes with the given rank. */
export function unknownDims(rank: Dim | undefined): Dims {
  return typeof rank === 'number' && rank <= highestRank
    ? Array.from({ length: rank }, unknownDim)
    : undefined;
}

/** `a + b`. */
export function addDim(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (isZero(a)) return b;
  if (isZero(b)) return a;
  return written(`(${[a, b].map(String).sort().join('+')})`);
}

/** `a − b`. */
export function subDim(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (isZero(b)) return a;
  return a === b ? 0 : written(`(${a}-${b})`);
}

/** `a · b`. */
export function mulDim(a: Dim, b: Dim): Dim {
  return productOf([a, b]);
}

/** The quotient of integers, rounded towards zero as by ONNX's Div. */
export function divDim(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return b === 0 ? unknownDim() : Math.trunc(a / b);
  if (b === 1) return a;
  return a === b ? 1 : written(`(${a}/${b})`);
}

/** The quotient of floats. */
export function ratioDim(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return Math.fround(a / b);
  return b === 1 ? a : written(`(${a}÷${b})`);
}

/** A function of one size: computed if the size is a number, else kept as an expression. */
export function mapDim(a: Dim, name: string, f: (value: number) => number): Dim {
  return typeof a === 'number' ? f(a) : written(`${name}(${a})`);
}

/** The product of sizes. Factors are sorted, so equal products have equal texts. */
export function productOf(dims: readonly Dim[]): Dim {
  let number = 1;
  const symbols: string[] = [];
  for (const dim of dims) {
    if (typeof dim === 'number') number *= dim;
    else symbols.push(...dim.split('*'));
  }
  if (number === 0) return 0;
  if (symbols.length === 0) return number;
  symbols.sort();
  return written((number === 1 ? symbols : [String(number), ...symbols]).join('*'));
}

/** `total` divided by `part`. Callers guarantee that the division is exact (as for Reshape's −1). */
export function quotientOf(total: readonly Dim[], part: readonly Dim[]): Dim {
  const split = (dims: readonly Dim[]): { number: number; symbols: string[] } => {
    const product = productOf(dims);
    const factors = typeof product === 'number' ? [] : product.split('*');
    const head = Number(factors[0]);
    return typeof product === 'number'
      ? { number: product, symbols: [] }
      : Number.isInteger(head)
        ? { number: head, symbols: factors.slice(1) }
        : { number: 1, symbols: factors };
  };
  const top = split(total);
  const bottom = split(part);
  const rest: string[] = [];
  for (const symbol of bottom.symbols) {
    const at = top.symbols.indexOf(symbol);
    if (at >= 0) top.symbols.splice(at, 1);
    else rest.push(symbol);
  }
  const number = top.number / bottom.number;
  if (rest.length === 0 && Number.isInteger(number)) return productOf([number, ...top.symbols]);
  return written(`(${productOf(total)}/${productOf(part)})`);
}

/** The size to which two axes broadcast. */
export function broadcastDim(a: Dim, b: Dim): Dim {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  if (typeof a === 'number') return a;
  if (typeof b === 'number') return b;
  return written(`max(${[a, b].sort().join(',')})`);
}

/** The shape to which several shapes broadcast. */
export function broadcast(...shapes: readonly Dims[]): Dims {
  let result: Dim[] = [];
  for (const shape of shapes) {
    if (shape === undefined) return undefined;
    const rank = Math.max(result.length, shape.length);
    const left = result;
    result = Array.from({ length: rank }, (_, i) =>
      broadcastDim(left[i - rank + left.length] ?? 1, shape[i - rank + shape.length] ?? 1),
    );
  }
  return result;
}

/** The size to which ONNX Runtime resizes: ⌊size · scale⌋, multiplied in float32. */
export const resizedTo = (size: number, scale: number): number => Math.floor(Math.fround(size * scale));

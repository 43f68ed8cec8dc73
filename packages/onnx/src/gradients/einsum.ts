import { text } from '../format/attributes.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { broadcastDim, type Dim } from '../graph/dim.ts';
import type { Graph } from '../graph/graph.ts';
import { inputOf } from '../graph/infer.ts';
import type { GradientContext, Infer, Operators } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';

/** An equation with one letter for every axis of each operand and of the result. */
interface Equation {
  readonly operands: readonly string[];
  readonly result: string;
}

const spare = 'ZYXWVUTSRQPON';

/**
 * Reads an equation. `...` is replaced by spare letters, aligned at the right. Returns `undefined` if a rank is
 * unknown, or if there are too few letters.
 */
function equationOf(node: NodeProto, b: Graph): Equation | undefined {
  const [left = '', right] = text(node, 'equation', '').replaceAll(' ', '').split('->');
  const terms = left.split(',');
  const ranks = node.input.map((name) => b.dims(name)?.length);
  const widths = terms.map((term, i) => {
    const rank = ranks[i];
    return term.includes('...') ? rank && rank - (term.length - 3) : 0;
  });
  if (widths.some((width) => width === undefined)) return undefined;
  const longest = Math.max(...(widths as number[]));
  if (longest > spare.length) return undefined;
  const letters = spare.slice(0, longest);
  const operands = terms.map((term, i) =>
    term.replace('...', letters.slice(longest - (widths[i] as number))),
  );
  const once = (letter: string): boolean => left.split(letter).length === 2;
  const implicit = [...new Set(left.replace(/[,.]/g, ''))].filter(once).sort().join('');
  const result = right === undefined ? letters + implicit : right.replace('...', letters);
  return { operands, result };
}

const infer: Infer = (node, b) => {
  const { type } = b.type(inputOf(node, 0));
  const equation = equationOf(node, b);
  if (!equation) return [{ type, dims: undefined }];
  const sizes = new Map<string, Dim>();
  equation.operands.forEach((labels, i) => {
    [...labels].forEach((label, axis) => {
      const size = b.dims(node.input[i] ?? '')?.[axis];
      if (size !== undefined) sizes.set(label, broadcastDim(sizes.get(label) ?? 1, size));
    });
  });
  const dims = [...equation.result].map((label) => sizes.get(label));
  return [{ type, dims: dims.every((dim) => dim !== undefined) ? (dims as Dim[]) : undefined }];
};

/** A value with a label for each axis, as an operand of a product. */
interface Factor {
  readonly labels: string;
  readonly value: string;
}

/**
 * Removes diagonals. If an operand has a label twice, the second occurrence gets a new letter, and an identity matrix
 * over both letters becomes a factor of the product.
 */
function withoutDiagonals(
  b: Ops,
  x: string,
  labels: string,
  taken: string,
): { labels: string; eyes: Factor[] } {
  const free = [...'abcdefghijklmnopqrstuvwxyz'].filter((letter) => !taken.includes(letter));
  const eyes: Factor[] = [];
  const distinct = [...labels].map((label, axis) => {
    if (labels.indexOf(label) === axis) return label;
    const letter = free.shift() ?? '';
    const size = b.sizeAt(x, axis);
    const zeros = b.filled(b.concat([size, size], 0), 0, x);
    eyes.push({ labels: label + letter, value: b.emit('EyeLike', [zeros]) });
    return letter;
  });
  return { labels: distinct.join(''), eyes };
}

/** The gradient of one operand: the output's gradient times all other operands, summed to this operand's axes. */
function operandGradient(b: Ops, c: GradientContext, { operands, result }: Equation, k: number): string {
  const own = withoutDiagonals(b, c.x(k), operands[k] as string, operands.join(''));
  const { labels } = own;
  const others = operands.flatMap((other, i) => (i === k ? [] : [{ labels: other, value: c.x(i) }]));
  const factors: Factor[] = [{ labels: result, value: c.g(0) }, ...others, ...own.eyes];
  const known = new Set(factors.flatMap((factor) => [...factor.labels]));
  const present = [...labels].filter((label) => known.has(label)).join('');
  const equation = `${factors.map((factor) => factor.labels).join(',')}->${present}`;
  const product = b.emit(
    'Einsum',
    factors.map(({ value }) => value),
    { equation },
  );
  // The forward pass sums over axes that only this operand has, so the gradient is constant along them.
  const absent = [...labels].flatMap((label, axis) => (known.has(label) ? [] : [axis]));
  const wide = b.unsqueeze(product, absent);
  return absent.length > 0 ? b.expandLike(wide, c.x(k)) : b.sumTo(wide, c.x(k));
}

/** Einstein sums of any number of operands. */
export const einsum: Operators = {
  Einsum: {
    infer,
    differentiable: 'all',
    gradient: (c) => {
      const { b, node, needs } = c;
      const equation = equationOf(node, b);
      if (!equation) throw c.refuse('"..." has an unknown number of axes');
      return node.input.map((_, k) => (needs(k) ? operandGradient(b, c, equation, k) : undefined));
    },
  },
};

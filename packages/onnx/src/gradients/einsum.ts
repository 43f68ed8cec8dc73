import type { NodeProto } from '../generated/onnx_pb.ts';
import { text } from '../graph/attributes.ts';
import type { Builder } from '../graph/builder.ts';
import { broadcastDim, type Dim } from '../graph/dim.ts';
import type { GraphBuilder } from '../graph/graphBuilder.ts';
import { inputOf } from '../graph/infer.ts';
import type { GradientContext, Infer, Operators } from '../graph/operator.ts';

/** An equation with a letter for every axis: of each operand, and of the result. */
interface Equation {
  readonly operands: readonly string[];
  readonly result: string;
}

const spare = 'ZYXWVUTSRQPON';

/** Reads an equation; `...` becomes letters of its own, aligned at the right. `undefined` without the ranks. */
function equationOf(node: NodeProto, b: GraphBuilder): Equation | undefined {
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

/** The product of the gradient with all other operands, brought to this operand's axes. */
function operandGradient(b: Builder, c: GradientContext, { operands, result }: Equation, k: number): string {
  const labels = operands[k] as string;
  const others = operands.map((_, i) => i).filter((i) => i !== k);
  const known = new Set([...result, ...others.flatMap((i) => [...(operands[i] as string)])]);
  const present = [...labels].filter((label) => known.has(label)).join('');
  const equation = `${[result, ...others.map((i) => operands[i])].join(',')}->${present}`;
  const product = b.emit('Einsum', [c.g(0), ...others.map((i) => c.x(i))], { equation });
  // Axes that only this operand has were summed: the gradient is the same all along them.
  const absent = [...labels].flatMap((label, axis) => (known.has(label) ? [] : [axis]));
  const wide = b.unsqueeze(product, absent);
  return absent.length > 0 ? b.expandLike(wide, c.x(k)) : b.sumTo(wide, c.x(k));
}

/** Einstein sums of any number of operands. */
export const einsum: Operators = {
  Einsum: {
    infer,
    gradient: (c) => {
      const { b, node, needs } = c;
      const equation = equationOf(node, b);
      if (!equation) throw c.refuse('"..." stands for axes whose number is not known');
      const repeated = equation.operands.find((labels) => new Set(labels).size !== labels.length);
      if (repeated) throw c.refuse(`no gradient for the diagonal "${repeated}"`);
      return node.input.map((_, k) => (needs(k) ? operandGradient(b, c, equation, k) : undefined));
    },
  },
};

import type { GradientContext } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';
import { differentiate } from './differentiate.ts';

/**
 * The gradient of a composite operator. Its outputs are computed again by simpler operators, and these are
 * differentiated.
 *
 * @param write - emits the simpler operators and returns the node's outputs in order
 */
export function byDecomposition(
  c: GradientContext,
  write: (b: Ops) => readonly (string | undefined)[],
): (string | null | undefined)[] {
  const { b, node, needs } = c;
  const mark = b.nodes.length;
  const outputs = write(b);
  const seeds = new Map<string, string>();
  outputs.forEach((name, i) => {
    if (name !== undefined && node.output[i] && c.used(i)) seeds.set(name, c.g(i));
  });
  const wanted = [...new Set(node.input.filter((name, i) => name !== '' && needs(i)))];
  const gradients = differentiate(b, b.nodes.slice(mark), seeds, wanted, () => b.opset);
  const given = new Set<string>();
  return node.input.map((name, i) => {
    // Several inputs may be the same value. Its gradient must count only once.
    if (!needs(i) || given.has(name)) return undefined;
    given.add(name);
    return gradients.get(name) ?? null;
  });
}

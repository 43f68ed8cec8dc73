import type { NodeProto } from '../generated/onnx_pb.ts';
import type { GraphBuilder } from './graphBuilder.ts';
import type { Operator, StoredAs } from './operator.ts';

/** How a node depends on one of its inputs: a gradient flows back into it, its derivative is 0, or is unknown. */
export type Derivative = 'flows' | 'zero' | 'unknown';

/** What an operator says about the derivative of an input. */
function declared(operator: Operator | undefined, input: number): Derivative {
  if (operator?.gradient === undefined) return 'unknown';
  if (operator.gradient === 'none') return 'zero';
  const { differentiable, zeroDerivative } = operator;
  if (differentiable === 'all' || differentiable.includes(input)) return 'flows';
  return zeroDerivative?.[input] === undefined ? 'unknown' : 'zero';
}

/** What an initializer at an input of an operator is. */
export function storedAs(
  operator: Operator | undefined,
  input: number,
  dims: readonly number[] = [],
): StoredAs {
  const known = typeof operator?.gradient === 'function' ? operator.storedAs?.(input, dims) : undefined;
  return known ?? 'weight';
}

/** Follows Identity back to where a value comes from. */
export function behindIdentity(b: GraphBuilder, name: string): string {
  const node = b.producer(name);
  return node?.opType === 'Identity' ? behindIdentity(b, node.input[0] ?? '') : name;
}

/**
 * How a node depends on its input `i`. A stored statistic is no weight, not even where an exporter stored it once
 * with an equal weight (PyTorch 1.13 marks that with an Identity).
 *
 * @param stored - the initializers that may be trained
 */
export function derivativeOf(
  b: GraphBuilder,
  node: NodeProto,
  i: number,
  stored: { has(name: string): boolean },
): Derivative {
  const operator = b.operator(node);
  const statistic = storedAs(operator, i) === 'statistic';
  return statistic && stored.has(behindIdentity(b, node.input[i] ?? '')) ? 'zero' : declared(operator, i);
}

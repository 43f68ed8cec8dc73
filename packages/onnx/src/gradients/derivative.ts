import type { NodeProto } from '../generated/onnx_pb.ts';
import { type Graph, operatorKey } from '../graph/graph.ts';
import type { Operator, StoredAs } from '../graph/operator.ts';
import { privateDomain } from '../graph/privateOperators.ts';

/** The kind of a node's derivative with respect to an input: a gradient flows, it is 0, or it is unknown. */
export type Derivative = 'flows' | 'zero' | 'unknown';

interface Names {
  has(name: string): boolean;
}

/** The kind of derivative that the operator declares for an input. */
function declared(operator: Operator | undefined, input: number): Derivative {
  if (operator?.gradient === undefined) return 'unknown';
  if (operator.gradient === 'none') return 'zero';
  const { differentiable, zeroDerivative } = operator;
  if (differentiable === 'all' || differentiable.includes(input)) return 'flows';
  return zeroDerivative?.[input] === undefined ? 'unknown' : 'zero';
}

/** The role of an initializer at an input of an operator. */
export function storedAs(
  operator: Operator | undefined,
  input: number,
  dims: readonly number[] = [],
): StoredAs {
  const known = typeof operator?.gradient === 'function' ? operator.storedAs?.(input, dims) : undefined;
  return known ?? 'weight';
}

/** Operators that only reshape, cast or repeat their first input. */
const views = new Set([
  'Identity',
  'Cast',
  'CastLike',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Flatten',
  'Transpose',
  'Expand',
  'Tile',
]);

/** Whether a node rounds a weight to its stored integers. */
export const isRounding = (node: NodeProto): boolean =>
  operatorKey(node) === `${privateDomain}:RoundedWeight`;

/** Whether a node only reshapes, casts, repeats or rounds its first input. */
export function isView(node: NodeProto): boolean {
  return (node.domain === '' && views.has(node.opType)) || isRounding(node);
}

/** The initializer from which a value is made by such nodes. */
export function initializerBehind(b: Graph, name: string, stored: Names): string | undefined {
  if (stored.has(name)) return name;
  const node = b.producer(name);
  return node && isView(node) ? initializerBehind(b, node.input[0] ?? '', stored) : undefined;
}

/**
 * The kind of a node's derivative with respect to input `i`. A stored running statistic is never a weight, even if the
 * exporter stored it together with an equal weight (PyTorch 1.13 does this, and inserts an Identity).
 *
 * @param stored - the initializers that may be trained
 */
export function derivativeOf(b: Graph, node: NodeProto, i: number, stored: Names): Derivative {
  const operator = b.operator(node);
  const statistic = storedAs(operator, i) === 'statistic';
  return statistic && initializerBehind(b, node.input[i] ?? '', stored) ? 'zero' : declared(operator, i);
}

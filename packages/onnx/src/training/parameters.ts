import { fail } from '../errors.ts';
import { captures } from '../format/captures.ts';
import { isFloat } from '../format/dataType.ts';
import { dimsOf } from '../format/tensor.ts';
import type { GraphProto, NodeProto, TensorProto } from '../generated/onnx_pb.ts';
import { derivativeOf, initializerBehind, storedAs } from '../gradients/derivative.ts';
import type { Ops } from '../graph/ops.ts';

/** Whether an output may have a derivative: integers and booleans of a known operator have none. */
function mayHaveSlope(b: Ops, node: NodeProto, name: string): boolean {
  const { type } = b.type(name);
  return type === 0 || isFloat(type) || typeof b.operator(node)?.gradient !== 'function';
}

/** Whether a gradient may flow from a node into the value at its input `i`. */
function carries(b: Ops, node: NodeProto, i: number, constants: boolean): boolean {
  const operator = b.operator(node);
  const derivative = derivativeOf(b, node, i, b.initializers);
  if (derivative === 'zero') return false;
  if (typeof operator?.gradient !== 'function' || (derivative === 'flows' && !operator.storedAs)) return true;
  const stored = b.initializers.get(initializerBehind(b, node.input[i] ?? '', b.initializers) ?? '');
  if (!stored) return true;
  // An initializer at an input without a gradient is a setting (the scales of a Resize); a computed value there is
  // refused.
  return derivative === 'flows' && (constants || storedAs(operator, i, dimsOf(stored)) === 'weight');
}

/**
 * The values that influence the seeds in a way that has a slope.
 *
 * @param constants - whether to include the constants of a formula
 */
function reaching(
  b: Ops,
  nodes: readonly NodeProto[],
  seeds: Iterable<string>,
  constants: boolean,
): Set<string> {
  const live = new Set(seeds);
  for (const node of [...nodes].reverse()) {
    if (!node.output.some((name) => live.has(name) && mayHaveSlope(b, node, name))) continue;
    node.input.forEach((name, i) => {
      if (name !== '' && carries(b, node, i, constants)) live.add(name);
    });
    for (const name of captures(node)) live.add(name);
  }
  return live;
}

/** How modules and variables name their weights: `block.1.scale`, `model/dense/ReadVariableOp:0`. */
const weightName = /^[a-z_]\w*(\.\w+)*$|variable/i;
/** How exporters and optimizers name what they found in a formula, where it looks like a weight's name. */
const constantName = /const|cst|^(val|scalar|lifted_tensor|ortshared)_/i;
const formulas = new Set(['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Sum', 'Mean', 'Mod']);

/** Whether an initializer is the ½ or the √2 of a formula: a scalar that exporters name, in arithmetic alone. */
function inFormula({ name, dims }: TensorProto, nodes: readonly NodeProto[]): boolean {
  if (dims.length > 0 || (weightName.test(name) && !constantName.test(name))) return false;
  return nodes.every(({ input, opType }) => !input.includes(name) || formulas.has(opType));
}

/** Whether an initializer is a running statistic, which training updates but no gradient does. */
function isStatistic(b: Ops, nodes: readonly NodeProto[], name: string): boolean {
  return nodes.some((node) =>
    node.input.some(
      (input, i) =>
        storedAs(b.operator(node), i) === 'statistic' && initializerBehind(b, input, b.initializers) === name,
    ),
  );
}

/** Why no gradient reaches an initializer, and whether because an operator lacks a gradient. */
function whyNot(
  b: Ops,
  nodes: readonly NodeProto[],
  name: string,
  live: ReadonlySet<string>,
): { why: string; lacking: boolean } {
  const uses = nodes.flatMap((node) => {
    const reaches = node.output.some((output) => live.has(output));
    return node.input.flatMap((input, i) => {
      if (input !== name) return [];
      const derivative = derivativeOf(b, node, i, b.initializers);
      return [{ node, i, derivative: derivative === 'unknown' && !reaches ? 'flows' : derivative } as const];
    });
  });
  const use = uses.find(({ derivative }) => derivative === 'unknown') ?? uses[0];
  if (!use) return { why: 'no node reads it', lacking: false };
  const { node, i, derivative } = use;
  const at = `input ${i} of node "${node.name || node.output[0]}" (${node.opType})`;
  const why = {
    unknown: `there is no gradient for ${at}`,
    zero: `the derivative of ${at} is 0`,
    flows: `what ${at} feeds does not reach the loss`,
  };
  return { why: why[derivative], lacking: derivative === 'unknown' };
}

/** If `trainable` picks some parameters, each of them must be trained; if it picks all, those that can be. */
function checkNamed(
  b: Ops,
  nodes: readonly NodeProto[],
  stored: readonly TensorProto[],
  live: ReadonlySet<string>,
  trainable: (name: string) => boolean,
): void {
  const named = stored.filter(({ name }) => trainable(name));
  const all = named.length === stored.length;
  for (const { name } of named) {
    if (live.has(name) || isStatistic(b, nodes, name)) continue;
    const { why, lacking } = whyNot(b, nodes, name, live);
    if (all && !lacking) continue;
    throw fail(
      'a gradient for every parameter that `trainable` names',
      `"${name}": ${why}`,
      'Leave it out of `trainable`, or export the model so that the loss depends on it.',
    );
  }
}

/**
 * The initializers to train, in the model's order.
 *
 * @throws {ClrError} if there is none, or if `trainable` names one that no gradient reaches
 */
export function selectParameters(
  b: Ops,
  nodes: readonly NodeProto[],
  graph: GraphProto,
  seeds: Iterable<string>,
  trainable: ((name: string) => boolean) | undefined,
): TensorProto[] {
  const live = reaching(b, nodes, seeds, trainable !== undefined);
  const stored = graph.initializer.filter(({ dataType }) => isFloat(dataType));
  if (trainable) checkNamed(b, nodes, stored, live, trainable);
  const candidates = stored.filter(
    (tensor) => live.has(tensor.name) && (trainable?.(tensor.name) ?? !inFormula(tensor, nodes)),
  );
  if (candidates.length === 0) {
    const names = stored.map(({ name }) => name);
    throw fail(
      'a model with at least one trainable parameter',
      trainable && names.length > 0
        ? `\`trainable\` chose none of ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''} that reaches the loss`
        : 'no float initializer that reaches the loss',
      'Export the model with its weights as initializers, or choose others with `trainable`.',
    );
  }
  return candidates;
}

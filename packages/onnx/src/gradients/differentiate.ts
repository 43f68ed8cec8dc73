import type { Problem } from '@clr/core';
import { UnsupportedOperatorError } from '../errors.ts';
import { captures } from '../format/captures.ts';
import { isFloat } from '../format/dataType.ts';
import { nodeName, originOf } from '../format/describeNode.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { operatorKey } from '../graph/graph.ts';
import type { Gradient, GradientContext } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';
import { isPrivate } from '../graph/privateOperators.ts';
import { withNodeContext } from '../graph/withNodeContext.ts';
import { derivativeOf } from './derivative.ts';

/** Returns the opset that the model imports for an operator domain. */
export type OpsetOf = (domain: string) => number;

/**
 * The live values: those that depend on `sources` with a nonzero slope, and the sources themselves. If an operator
 * without a gradient has a live input, its outputs are live too, even if they are integers (quantised values). The
 * backward pass decides whether that matters.
 */
export function dependents(b: Ops, nodes: readonly NodeProto[], sources: Iterable<string>): Set<string> {
  const live = new Set(sources);
  const stored = new Set(live);
  for (const node of nodes) {
    const { inputs, captured } = reachedIn(b, node, live, stored);
    if (inputs.length === 0 && !captured) continue;
    for (const name of node.output) {
      const { type } = b.type(name);
      const opaque = typeof b.operator(node)?.gradient !== 'function';
      if (name !== '' && (type === 0 || isFloat(type) || opaque)) live.add(name);
    }
  }
  return live;
}

/** The node that an {@link UnsupportedOperatorError} names. */
interface Location {
  readonly operator: string;
  readonly node: string;
  readonly opset: number;
}

function locationOf(node: NodeProto, opsetOf: OpsetOf): Location {
  return { operator: operatorKey(node), node: nodeName(node), opset: opsetOf(node.domain) };
}

/** The error text for control flow and sequences that are left until run time. */
function atRunTime({ opType }: NodeProto): Partial<Problem> {
  return /^(If|Loop|Scan)$|Sequence/.test(opType)
    ? {
        received: 'its effect is known only while the model runs',
        advice:
          'Use `sizes` to fix the dynamic axes that it depends on, or export the model so that no computed value decides which branch is taken or how often a loop runs.',
      }
    : {};
}

/** The live inputs of a node, without those whose derivative is known to be 0. */
interface Reached {
  readonly inputs: readonly number[];
  /** Whether the node's subgraphs read a live value. */
  readonly captured: boolean;
}

function reachedIn(b: Ops, node: NodeProto, live: ReadonlySet<string>, stored: ReadonlySet<string>): Reached {
  return {
    inputs: node.input.flatMap((name, i) =>
      live.has(name) && derivativeOf(b, node, i, stored) !== 'zero' ? [i] : [],
    ),
    // A private node lists the outer values of its inner graphs among its own inputs.
    captured: !isPrivate(node) && [...captures(node)].some((name) => live.has(name)),
  };
}

const noGradient = (at: Location, what: string): Error =>
  new UnsupportedOperatorError(at, { received: `no gradient ${what}` });

const intoInput = (at: Location, i: number, name: string | undefined): Error =>
  noGradient(at, `for its input ${i} ("${name}")`);

/** The gradient function of a node. Throws if the node has none, or none for a live input. */
function gradientAt(b: Ops, node: NodeProto, { inputs, captured }: Reached, at: Location): Gradient {
  const gradient = b.operator(node)?.gradient;
  if (captured || typeof gradient !== 'function') throw new UnsupportedOperatorError(at, atRunTime(node));
  const unknown = inputs.find((i) => derivativeOf(b, node, i, new Set()) === 'unknown');
  if (unknown !== undefined) throw intoInput(at, unknown, node.input[unknown]);
  return gradient;
}

/**
 * Checks that every node between `sources` and `values` has a gradient for its live inputs. Unlike building the loss
 * and the gradients, this check needs no shapes. It runs first, so that a model with an unsupported operator gets the
 * error about this operator, not one about missing shapes.
 *
 * @throws {UnsupportedOperatorError} naming the node without a gradient that is nearest to the loss
 */
export function checkDifferentiable(
  b: Ops,
  nodes: readonly NodeProto[],
  values: Iterable<string>,
  sources: Iterable<string>,
  opsetOf: OpsetOf,
): void {
  const live = dependents(b, nodes, sources);
  const stored = new Set(sources);
  const reaching = new Set(values);
  for (const node of [...nodes].reverse()) {
    if (!node.output.some((name) => live.has(name) && reaching.has(name))) continue;
    const reached = reachedIn(b, node, live, stored);
    if (reached.inputs.length === 0 && !reached.captured) continue;
    gradientAt(b, node, reached, locationOf(node, opsetOf));
    for (const i of reached.inputs) reaching.add(node.input[i] as string);
  }
}

/**
 * Reverse-mode differentiation: appends the nodes that compute the gradients of one scalar.
 *
 * @param seeds - the gradients to start from, by value: those of the outputs from which the loss is computed
 * @param sources - the values whose gradients are needed
 * @param passed - called for each node that a gradient flows through
 * @returns the gradients' names by source, without the sources that the seeds do not depend on
 * @throws {UnsupportedOperatorError} if a node between sources and seeds has no gradient at all, for an input that
 * depends on a source, or through an output that a seed depends on
 */
export function differentiate(
  b: Ops,
  nodes: readonly NodeProto[],
  seeds: ReadonlyMap<string, string>,
  sources: readonly string[],
  opsetOf: OpsetOf,
  passed: (node: NodeProto) => void = () => {},
): Map<string, string> {
  const live = dependents(b, nodes, sources);
  const stored = new Set(sources);
  const terms = new Map<string, string[]>([...seeds].map(([value, seed]) => [value, [seed]]));
  const gradientOf = (value: string): string | undefined => {
    const parts = terms.get(value);
    if (!parts) return undefined;
    const total = b.writtenFor(`the gradient of value "${value}"`, () => b.sum(parts));
    terms.set(value, [total]);
    return total;
  };

  for (const node of [...nodes].reverse()) {
    const used = node.output.flatMap((name, i) => (terms.has(name) && live.has(name) ? [i] : []));
    const reached = reachedIn(b, node, live, stored);
    if (used.length === 0 || (reached.inputs.length === 0 && !reached.captured)) continue;
    passed(node);
    const at = locationOf(node, opsetOf);
    const gradient = gradientAt(b, node, reached, at);
    // These are copies, because a gradient function may rewrite its node.
    const [inputs, outputs] = [[...node.input], [...node.output]];
    const asked = new Set<number>();
    const context = contextOf(b, node, at, {
      needs: (i) => reached.inputs.includes(i),
      used: (i) => gradientOf(outputs[i] ?? '') !== undefined,
      gradient: (i) => {
        asked.add(i);
        return gradientOf(outputs[i] ?? '');
      },
    });
    const given = new Set<string>();
    const purpose = `the gradient of ${originOf(node)}`;
    const found = withNodeContext(node, () => b.writtenFor(purpose, () => gradient(context)));
    found.forEach((term, i) => {
      const input = inputs[i];
      if (term === undefined || input === undefined || !reached.inputs.includes(i)) return;
      given.add(input);
      if (term !== null) terms.set(input, [...(terms.get(input) ?? []), term]);
    });
    // If a gradient ignored an output that the loss uses, the result would be silently wrong.
    const forgotten = reached.inputs.find((i) => !given.has(inputs[i] as string));
    if (forgotten !== undefined) throw intoInput(at, forgotten, inputs[forgotten]);
    const dropped = used.find((i) => !asked.has(i));
    if (dropped !== undefined) throw noGradient(at, `through its output ${dropped} ("${outputs[dropped]}")`);
  }

  const result = new Map<string, string>();
  for (const source of sources) {
    const gradient = gradientOf(source);
    if (gradient !== undefined) result.set(source, gradient);
  }
  return result;
}

function contextOf(
  b: Ops,
  node: NodeProto,
  at: Location,
  {
    needs,
    used,
    gradient,
  }: Pick<GradientContext, 'needs' | 'used'> & { gradient: (i: number) => string | undefined },
): GradientContext {
  const refuse = (why: string, advice?: string): Error =>
    new UnsupportedOperatorError(at, { received: why, ...(advice ? { advice } : {}) });
  const output = (i: number): string => {
    const name = node.output[i];
    if (!name) throw refuse(`its output ${i} is missing`);
    return name;
  };
  return {
    b,
    node,
    needs,
    refuse,
    x: (i) => {
      const name = node.input[i];
      if (!name) throw refuse(`its input ${i} is missing`);
      return name;
    },
    y: output,
    used,
    g: (i) => gradient(i) ?? b.zerosLike(output(i)),
  };
}

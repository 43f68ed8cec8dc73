import type { Problem } from '@clr/core';
import { UnsupportedOperatorError } from '../errors.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { atNode } from './atNode.ts';
import type { Builder } from './builder.ts';
import { captures } from './captures.ts';
import { isFloat } from './dataType.ts';
import { nodeName } from './describeNode.ts';
import { operatorKey } from './graphBuilder.ts';
import type { GradientContext, Operator } from './operator.ts';

/** The opset a node's domain is imported with. */
export type OpsetOf = (domain: string) => number;

/** Which inputs of a node a gradient can flow into. */
function carries(operator: Operator | undefined, i: number): boolean {
  if (operator?.gradient === 'none') return false;
  return operator?.differentiable?.includes(i) ?? true;
}

/**
 * The values that depend on `sources` in a way that has a slope, the sources among them.
 * Operators without a gradient are followed too, also through integers they may make (quantised values): whether
 * that matters is known on the way back.
 */
export function dependents(b: Builder, nodes: readonly NodeProto[], sources: Iterable<string>): Set<string> {
  const live = new Set(sources);
  for (const node of nodes) {
    const operator = b.operator(node);
    const reached = node.input.some((name, i) => live.has(name) && carries(operator, i));
    if (!reached && ![...captures(node)].some((name) => live.has(name))) continue;
    for (const name of node.output) {
      const { type } = b.type(name);
      const opaque = typeof operator?.gradient !== 'function';
      if (name !== '' && (type === 0 || isFloat(type) || opaque)) live.add(name);
    }
  }
  return live;
}

/**
 * Checks that every node between `sources` and `values` has a gradient. It needs no shapes, so it comes before the
 * loss and the gradients, which do: a file without shapes is then refused for its operator.
 *
 * @throws {UnsupportedOperatorError} naming the node nearest to the loss that has none
 */
export function checkDifferentiable(
  b: Builder,
  nodes: readonly NodeProto[],
  values: Iterable<string>,
  sources: Iterable<string>,
  opsetOf: OpsetOf,
): void {
  const live = dependents(b, nodes, sources);
  const reaching = new Set(values);
  for (const node of [...nodes].reverse()) {
    if (!node.output.some((name) => live.has(name) && reaching.has(name))) continue;
    const operator = b.operator(node);
    const reached = node.input.filter((name, i) => live.has(name) && carries(operator, i));
    const captured = [...captures(node)].some((name) => live.has(name));
    if (captured || (reached.length > 0 && typeof operator?.gradient !== 'function')) {
      throw new UnsupportedOperatorError(locationOf(node, opsetOf), atRunTime(node));
    }
    for (const name of reached) reaching.add(name);
  }
}

/** Where an {@link UnsupportedOperatorError} is. */
interface Location {
  readonly operator: string;
  readonly node: string;
  readonly opset: number;
}

function locationOf(node: NodeProto, opsetOf: OpsetOf): Location {
  return { operator: operatorKey(node), node: nodeName(node), opset: opsetOf(node.domain) };
}

/** What to do about control flow and lists that could not be written out. */
function atRunTime({ opType }: NodeProto): Partial<Problem> {
  return /^(If|Loop|Scan)$|Sequence/.test(opType)
    ? {
        received: 'what it does is known only while the model runs',
        advice: 'Fix the free axes it depends on with `sizes`, or export the model with fixed sizes.',
      }
    : {};
}

/**
 * Reverse-mode differentiation: appends the nodes that compute the gradients of one scalar.
 *
 * @param seeds - the gradients to start from, by value: those of the outputs the loss is made of
 * @param sources - the values whose gradients are wanted
 * @returns the gradients' names by source; a source the seeds do not depend on is absent
 * @throws {UnsupportedOperatorError} when a node on the way has no gradient
 */
export function differentiate(
  b: Builder,
  nodes: readonly NodeProto[],
  seeds: ReadonlyMap<string, string>,
  sources: readonly string[],
  opsetOf: OpsetOf,
): Map<string, string> {
  const live = dependents(b, nodes, sources);
  const terms = new Map<string, string[]>([...seeds].map(([value, seed]) => [value, [seed]]));
  const gradientOf = (value: string): string | undefined => {
    const parts = terms.get(value);
    if (!parts) return undefined;
    const total = b.sum(parts);
    terms.set(value, [total]);
    return total;
  };

  for (const node of [...nodes].reverse()) {
    const wanted = node.output.some((name) => name !== '' && terms.has(name) && live.has(name));
    const operator = b.operator(node);
    const needs = (i: number): boolean => live.has(node.input[i] ?? '') && carries(operator, i);
    const captured = [...captures(node)].some((name) => live.has(name));
    if (!wanted || (!captured && !node.input.some((_, i) => needs(i)))) continue;
    const at = locationOf(node, opsetOf);
    const gradient = operator?.gradient;
    if (captured || typeof gradient !== 'function') throw new UnsupportedOperatorError(at, atRunTime(node));
    const context = contextOf(b, node, at, gradientOf, needs);
    atNode(node, () => gradient(context)).forEach((term, i) => {
      const input = node.input[i];
      if (term === undefined || input === undefined || !needs(i)) return;
      const known = terms.get(input);
      if (known) known.push(term);
      else terms.set(input, [term]);
    });
    node.input.forEach((input, i) => {
      if (needs(i) && !terms.has(input)) {
        throw new UnsupportedOperatorError(at, { received: `no gradient for its input ${i} ("${input}")` });
      }
    });
  }

  const result = new Map<string, string>();
  for (const source of sources) {
    const gradient = gradientOf(source);
    if (gradient !== undefined) result.set(source, gradient);
  }
  return result;
}

function contextOf(
  b: Builder,
  node: NodeProto,
  at: Location,
  gradientOf: (value: string) => string | undefined,
  needs: (i: number) => boolean,
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
    used: (i) => gradientOf(node.output[i] ?? '') !== undefined,
    g: (i) => gradientOf(output(i)) ?? b.zerosLike(output(i)),
  };
}

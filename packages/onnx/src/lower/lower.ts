import { create } from '@bufbuild/protobuf';
import { fail } from '../errors.ts';
import { subgraphs } from '../format/captures.ts';
import { describeNode, originOf } from '../format/describeNode.ts';
import { type NodeProto, NodeProtoSchema } from '../generated/onnx_pb.ts';
import { type Graph, operatorKey } from '../graph/graph.ts';
import type { Ops } from '../graph/ops.ts';
import { isPrivate } from '../graph/privateOperators.ts';
import { withNodeContext } from '../graph/withNodeContext.ts';
import { byRuleOfThumb, type Choose, type Match } from './choose.ts';
import { hasGraphs, withGraphs } from './controlFlow.ts';
import type { Row } from './row.ts';
import { rows } from './rows.ts';
import { isFor, type Target } from './target.ts';

const byOperator = new Map<string, Row[]>();
for (const row of rows) byOperator.set(row.operator, [...(byOperator.get(row.operator) ?? []), row]);

/** The forms in which a node can be written, in the order of the table. */
export function formsFor(node: NodeProto, graph: Graph, target: Target): Match[] {
  return (byOperator.get(operatorKey(node)) ?? [])
    .filter(({ where }) => isFor(where, target))
    .flatMap((row) => {
      const found = row.applies(node, graph, target);
      if (found === undefined) return [];
      return [{ row, found, preferred: row.prefers?.(found, node, graph, target) ?? true }];
    });
}

/** The nodes of a graph, lowered for a target. */
export interface Lowered {
  readonly nodes: readonly NodeProto[];
  /**
   * Returns the name that a value of the graph has among these nodes. It differs only for outputs of private operators.
   */
  readonly standIn: (name: string) => string;
}

/**
 * Lowers the graph's nodes for a target. Private operators become ONNX operators. An ONNX operator is replaced if a
 * faster form exists, or if the target's own kernel gives wrong results.
 */
export function lower(ops: Ops, target: Target, choose: Choose = byRuleOfThumb): Lowered {
  /** The value that replaces a private operator's output. */
  const renamed = new Map<string, string>();

  const write = (node: NodeProto, inside = false): NodeProto[] => {
    if (hasGraphs(node))
      return [withGraphs(node, (inner) => withNodeContext(inner, () => write(inner, true)))];
    // Inner graphs keep the plain layout, because weights would be converted to NCHWc again in every iteration.
    const forms = formsFor(node, ops, inside ? { ...target, channelBlock: 1 } : target);
    const pick = inside ? byRuleOfThumb : choose;
    const match = forms.length > 0 ? pick(node, forms, ops) : undefined;
    if (!match) {
      if (isPrivate(node)) throw noForm(node, target);
      return [node];
    }
    const collect = (make: () => void): NodeProto[] => (inside ? ops.collectInside(make) : ops.collect(make));
    const emitted = collect(() => {
      ops.writtenFor(originOf(node), () => {
        const values = match.row.write(node, ops, match.found);
        values?.forEach((value, i) => {
          const name = node.output[i];
          if (name) standFor(ops, name, value, renamed);
        });
      });
    });
    // The nodes that replace a private operator may themselves have several forms. The nodes that replace an ONNX
    // operator are final, except for private ones.
    return emitted.flatMap((inner) => (isPrivate(node) || isPrivate(inner) ? write(inner, inside) : [inner]));
  };

  const nodes = [...ops.nodes].flatMap((node) => withNodeContext(node, () => write(node)));
  const standIn = (name: string): string => {
    let last = name;
    for (let next = renamed.get(last); next !== undefined; next = renamed.get(last)) last = next;
    return last;
  };
  for (const node of nodes) follow(node, standIn);
  return { nodes, standIn };
}

/** Replaces the inputs of a node, and of the graphs inside it, by their stand-ins. */
function follow(node: NodeProto, standIn: (name: string) => string): void {
  node.input = node.input.map(standIn);
  for (const graph of subgraphs(node)) {
    for (const inner of graph.node) follow(inner, standIn);
    for (const { name } of graph.output) {
      const value = standIn(name);
      if (value !== name) {
        graph.node.push(
          create(NodeProtoSchema, { opType: 'Identity', name, input: [value], output: [name] }),
        );
      }
    }
  }
}

/** Records the value that replaces another value. It inherits the known type and shape. */
function standFor(ops: Ops, name: string, value: string, renamed: Map<string, string>): void {
  const { type, dims } = ops.type(name);
  renamed.set(name, value);
  if (dims) ops.declare(value, type || ops.type(value).type, dims);
}

const noForm = (node: NodeProto, { provider }: Target): Error =>
  fail(
    'a form for every operator that gradients use',
    `${describeNode(node)} for the provider ${provider}`,
    'This is a fault in clr; please report it.',
  );

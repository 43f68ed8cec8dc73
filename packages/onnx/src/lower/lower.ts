import { fail } from '../errors.ts';
import { describeNode, originOf } from '../format/describeNode.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { type Graph, operatorKey } from '../graph/graph.ts';
import type { Ops } from '../graph/ops.ts';
import { isPrivate } from '../graph/privateOperators.ts';
import { withNodeContext } from '../graph/withNodeContext.ts';
import { byRuleOfThumb, type Choose, type Match } from './choose.ts';
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

/** Nodes as a target wants them. */
export interface Lowered {
  readonly nodes: readonly NodeProto[];
  /** The value that a value of the graph is among these nodes: itself, unless it was a private operator's. */
  readonly standIn: (name: string) => string;
}

/**
 * The graph's nodes as a target wants them: private operators written in ONNX's own, and ONNX's in the forms that are
 * faster there, or right where the standard form is not.
 */
export function lower(ops: Ops, target: Target, choose: Choose = byRuleOfThumb): Lowered {
  /** The value that stands for a private operator's output. */
  const renamed = new Map<string, string>();

  const write = (node: NodeProto): NodeProto[] => {
    const forms = formsFor(node, ops, target);
    const match = forms.length > 0 ? choose(node, forms, ops) : undefined;
    if (!match) {
      if (isPrivate(node)) throw noForm(node, target);
      return [node];
    }
    const emitted = ops.collect(() => {
      ops.writtenFor(originOf(node), () => {
        const values = match.row.write(node, ops, match.found);
        values?.forEach((value, i) => {
          const name = node.output[i];
          if (name) standFor(ops, name, value, renamed);
        });
      });
    });
    // What a private operator becomes has forms of its own; what an operator of ONNX becomes is final.
    return emitted.flatMap((inner) => (isPrivate(node) || isPrivate(inner) ? write(inner) : [inner]));
  };

  const nodes = [...ops.nodes].flatMap((node) => withNodeContext(node, () => write(node)));
  const standIn = (name: string): string => {
    let last = name;
    for (let next = renamed.get(last); next !== undefined; next = renamed.get(last)) last = next;
    return last;
  };
  for (const node of nodes) node.input = node.input.map(standIn);
  return { nodes, standIn };
}

/** Notes the value that takes the place of another; what was known of the one holds for the other. */
function standFor(ops: Ops, name: string, value: string, renamed: Map<string, string>): void {
  const { type, dims } = ops.type(name);
  renamed.set(name, value);
  if (dims) ops.declare(value, type || ops.type(value).type, dims);
}

const noForm = (node: NodeProto, { provider }: Target): Error =>
  fail(
    'a form for every operator that gradients are written in',
    `${describeNode(node)} for the provider ${provider}`,
    'This is a fault of clr; please report it.',
  );

import { fail } from '../errors.ts';
import { captures, subgraphs } from '../format/captures.ts';
import { nodeName } from '../format/describeNode.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';

/**
 * Sorts nodes so that each comes after the nodes whose values it reads. ONNX requires this order, but the runtime does
 * not. Nodes that are in order already keep their order.
 *
 * @throws {ClrError} if nodes depend on each other in a cycle
 */
export function sortNodes(nodes: readonly NodeProto[]): NodeProto[] {
  const makers = new Map<string, NodeProto>();
  for (const node of nodes) for (const name of node.output) if (name !== '') makers.set(name, node);
  const done = new Set<NodeProto>();
  const open = new Set<NodeProto>();
  const sorted: NodeProto[] = [];
  for (const start of nodes) {
    const stack = [start];
    for (let node = stack.at(-1); node; node = stack.at(-1)) {
      if (done.has(node)) {
        stack.pop();
        continue;
      }
      open.add(node);
      // An inner graph may have a value of its own with the same name as an output of this node.
      const inner = [...captures(node)].filter((name) => makers.get(name) !== node);
      const waiting = [...node.input, ...inner].map((name) => makers.get(name));
      const next = waiting.find((maker) => maker !== undefined && !done.has(maker));
      if (!next) {
        stack.pop();
        open.delete(node);
        done.add(node);
        sorted.push(node);
        continue;
      }
      if (open.has(next)) {
        throw fail(
          'nodes that can run one after the other',
          next === node
            ? `node "${nodeName(node)}", which reads its own output`
            : `a cycle: node "${nodeName(node)}" needs node "${nodeName(next)}", which in turn needs the first node`,
          'The file is damaged; check it with onnx.checker.',
        );
      }
      stack.push(next);
    }
  }
  for (const node of sorted) for (const graph of subgraphs(node)) graph.node = sortNodes(graph.node);
  return sorted;
}

import { captures } from '../format/captures.ts';
import type { GraphProto } from '../generated/onnx_pb.ts';

/**
 * Removes everything from a graph that its outputs do not need: nodes, stored tensors, inputs, declared shapes.
 *
 * @param graph - it is changed
 */
export function prune(graph: GraphProto): void {
  const makers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const needed = new Set<string>();
  const nodes = new Set<unknown>();
  const open = graph.output.map(({ name }) => name);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === '' || needed.has(name)) continue;
    needed.add(name);
    const node = makers.get(name);
    if (!node || nodes.has(node)) continue;
    nodes.add(node);
    open.push(...node.input, ...captures(node));
  }
  graph.node = graph.node.filter((node) => nodes.has(node));
  const kept = new Set([...needed, ...graph.node.flatMap(({ output }) => output)]);
  const wanted = ({ name }: { name: string }): boolean => kept.has(name);
  graph.initializer = graph.initializer.filter(wanted);
  graph.sparseInitializer = graph.sparseInitializer.filter(({ values }) => kept.has(values?.name ?? ''));
  graph.input = graph.input.filter(wanted);
  graph.valueInfo = graph.valueInfo.filter(wanted);
}

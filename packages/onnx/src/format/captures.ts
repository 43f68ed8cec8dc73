import type { GraphProto, ModelProto, NodeProto } from '../generated/onnx_pb.ts';

/** The graphs inside a node: the branches of If, the bodies of Loop and Scan. */
export function subgraphs(node: NodeProto): GraphProto[] {
  return node.attribute.flatMap((attribute) => [...(attribute.g ? [attribute.g] : []), ...attribute.graphs]);
}

/** All nodes of a model: those of its graph, of the graphs inside its nodes, and of its own functions. */
export function allNodes({ graph, functions }: ModelProto): NodeProto[] {
  const within = (node: NodeProto): NodeProto[] => [
    node,
    ...subgraphs(node).flatMap((inner) => inner.node.flatMap(within)),
  ];
  return [...(graph?.node ?? []), ...functions.flatMap(({ node }) => node)].flatMap(within);
}

/** The names of outer values that a node's subgraphs may read. */
export function captures(node: NodeProto): Set<string> {
  const names = new Set<string>();
  for (const graph of subgraphs(node)) {
    for (const inner of graph.node) {
      for (const name of inner.input) names.add(name);
      for (const name of captures(inner)) names.add(name);
    }
    for (const { name } of graph.output) names.add(name);
  }
  return names;
}

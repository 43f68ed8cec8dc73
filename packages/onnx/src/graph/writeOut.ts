import { clone } from '@bufbuild/protobuf';
import { nodeName } from '../format/describeNode.ts';
import { type GraphProto, type NodeProto, NodeProtoSchema, TensorProtoSchema } from '../generated/onnx_pb.ts';
import type { Ops } from './ops.ts';
import { type Rename, renameNode } from './rename.ts';

/** One use of a graph that stood inside a node: its nodes, and the names its outputs have now. */
export interface Written {
  readonly nodes: readonly NodeProto[];
  readonly outputs: readonly string[];
}

/**
 * Writes a graph from inside a node out, under names of its own: branches of different nodes, and the rounds of
 * a loop, may use the same ones.
 *
 * @param given - the values that take the place of the graph's inputs
 * @param at - what the nodes' names start with
 */
export function writeOut(graph: GraphProto, given: readonly string[], b: Ops, at: string): Written {
  const names = new Map<string, string>();
  graph.input.forEach(({ name }, i) => {
    names.set(name, given[i] ?? '');
  });
  for (const stored of graph.initializer) {
    const copy = clone(TensorProtoSchema, stored);
    copy.name = b.uniqueName(stored.name);
    names.set(stored.name, copy.name);
    b.addInitializer(copy);
  }
  for (const name of graph.node.flatMap(({ output }) => output)) {
    if (name !== '' && !names.has(name)) names.set(name, b.uniqueName(name));
  }
  const rename: Rename = (name) => names.get(name) ?? name;
  const nodes = graph.node.map((inner) => {
    const copy = clone(NodeProtoSchema, inner);
    renameNode(copy, rename, rename);
    copy.name = `${at}/${nodeName(inner)}`;
    return copy;
  });
  return { nodes, outputs: graph.output.map(({ name }) => rename(name)) };
}

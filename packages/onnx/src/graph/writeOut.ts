import { clone } from '@bufbuild/protobuf';
import { nodeName } from '../format/describeNode.ts';
import { type GraphProto, type NodeProto, NodeProtoSchema, TensorProtoSchema } from '../generated/onnx_pb.ts';
import type { Ops } from './ops.ts';
import { type Rename, renameNode } from './rename.ts';

/** A copy of a graph that was inside a node: the nodes, and the new names of its outputs. */
export interface Written {
  readonly nodes: readonly NodeProto[];
  readonly outputs: readonly string[];
}

/**
 * Copies the nodes of an inner graph under unique names, because different branches and the iterations of a loop may
 * use the same names.
 *
 * @param given - the values that replace the graph's inputs
 * @param at - the prefix of the nodes' names
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

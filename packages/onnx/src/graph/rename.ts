import { clone } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  type NodeProto,
} from '../generated/onnx_pb.ts';

/** Maps a value's name to its new name. */
export type Rename = (name: string) => string;

/** Renames the outer values that a graph inside a node reads. */
function renameGraph(
  graph: GraphProto,
  rename: Rename,
  arguments_: ReadonlyMap<string, AttributeProto>,
): void {
  const own = new Set([...graph.input, ...graph.initializer].map(({ name }) => name));
  for (const node of graph.node) for (const name of node.output) own.add(name);
  const outer: Rename = (name) => (own.has(name) ? name : rename(name));
  for (const node of graph.node) renameNode(node, outer, (name) => name, arguments_);
}

const noArguments: ReadonlyMap<string, AttributeProto> = new Map();

/**
 * Renames a node's values, also in the graphs inside it. Attributes that refer to a parameter of a function get their
 * values from `arguments_`.
 */
export function renameNode(
  node: NodeProto,
  input: Rename,
  output: Rename,
  arguments_: ReadonlyMap<string, AttributeProto> = noArguments,
): void {
  node.input = node.input.map((name) => (name === '' ? '' : input(name)));
  node.output = node.output.map((name) => (name === '' ? '' : output(name)));
  node.attribute = node.attribute.flatMap((held) => {
    if (held.refAttrName === '') return [held];
    const given = arguments_.get(held.refAttrName);
    if (!given) return [];
    const copy = clone(AttributeProtoSchema, given);
    copy.name = held.name;
    return [copy];
  });
  for (const held of node.attribute) {
    for (const graph of [...(held.g ? [held.g] : []), ...held.graphs]) renameGraph(graph, input, arguments_);
  }
}

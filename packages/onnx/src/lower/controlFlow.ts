import { create } from '@bufbuild/protobuf';
import { subgraphs } from '../format/captures.ts';
import {
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema,
} from '../generated/onnx_pb.ts';
import { capturedBy } from '../graph/controlFlow.ts';
import { isPrivate } from '../graph/privateOperators.ts';

/** Whether a node is an If, Scan or Loop of the private domain. */
export const hasGraphs = (node: NodeProto): boolean => isPrivate(node) && subgraphs(node).length > 0;

/**
 * Turns a private If, Scan or Loop into the ONNX operator. The inputs for outer values are left out, because only
 * gradients need them.
 */
export function withGraphs(node: NodeProto, write: (inner: NodeProto) => NodeProto[]): NodeProto {
  const written = (graph: GraphProto): GraphProto =>
    create(GraphProtoSchema, { ...graph, node: graph.node.flatMap(write) });
  return create(NodeProtoSchema, {
    opType: node.opType,
    name: node.name,
    docString: node.docString,
    input: node.input.slice(0, node.input.length - capturedBy(node)),
    output: node.output,
    attribute: node.attribute
      .filter(({ name }) => name !== 'captured')
      .map((held) => (held.g ? create(AttributeProtoSchema, { ...held, g: written(held.g) }) : held)),
  });
}

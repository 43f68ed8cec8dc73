import { create } from '@bufbuild/protobuf';
import { type NodeProto, NodeProtoSchema } from '../generated/onnx_pb.ts';

type Changes = Partial<Pick<NodeProto, 'opType' | 'domain' | 'name' | 'input' | 'output' | 'attribute'>>;

/** A node with some fields of its own; its lists are new, its attributes the same. */
export function copyNode(node: NodeProto, changes: Changes = {}): NodeProto {
  const { $typeName: _, ...fields } = node;
  return create(NodeProtoSchema, {
    ...fields,
    input: [...node.input],
    output: [...node.output],
    attribute: [...node.attribute],
    ...changes,
  });
}

import { create } from '@bufbuild/protobuf';
import { type NodeProto, NodeProtoSchema } from '../generated/onnx_pb.ts';

type Changes = Partial<Pick<NodeProto, 'opType' | 'domain' | 'name' | 'input' | 'output' | 'attribute'>>;

/** Copies a node with some fields changed. The lists are copied; the attributes are shared. */
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

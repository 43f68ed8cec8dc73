import { create } from '@bufbuild/protobuf';
import { type AttributeValue, makeAttribute } from '../format/attributes.ts';
import { type NodeProto, NodeProtoSchema } from '../generated/onnx_pb.ts';

/** A node of the default domain. */
export function makeNode(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Readonly<Record<string, AttributeValue | undefined>> = {},
  name = '',
): NodeProto {
  return create(NodeProtoSchema, {
    opType,
    ...(name === '' ? {} : { name }),
    input: [...input],
    output: [...output],
    attribute: Object.entries(attributes).flatMap(([key, value]) =>
      value === undefined ? [] : [makeAttribute(key, value)],
    ),
  });
}

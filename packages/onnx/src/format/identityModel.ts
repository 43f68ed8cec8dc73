import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
} from '../generated/onnx_pb.ts';
import { writeModel } from './model.ts';

/** A model that only renames values. Each pair gives a value and its new name. */
export function identityModel(
  pairs: readonly (readonly [from: string, to: string])[],
  rest: Omit<MessageInitShape<typeof GraphProtoSchema>, '$typeName' | 'node'>,
): Uint8Array {
  return writeModel(
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: 18n })],
      producerName: 'clr',
      graph: create(GraphProtoSchema, {
        ...rest,
        node: pairs.map(([from, to]) =>
          create(NodeProtoSchema, { opType: 'Identity', input: [from], output: [to] }),
        ),
      }),
    }),
  );
}

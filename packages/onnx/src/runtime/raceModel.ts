import { create } from '@bufbuild/protobuf';
import type { makeAttribute } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import { writeModel } from '../format/model.ts';
import { makeTensor } from '../format/tensor.ts';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
} from '../generated/onnx_pb.ts';
import { declaration } from '../graph/declaration.ts';
import { blockedDomain } from '../lower/blocks.ts';
import type { Question } from '../lower/question.ts';

/** A node with several possible forms, a graph for each form, and the settings to run the graphs with. */
export interface Field {
  readonly question: Question;
  readonly graphs: readonly GraphProto[];
  readonly opset: number;
  readonly blocks: boolean;
  /** The batch size to use if the batch axis is dynamic. */
  readonly examples: number;
}

const node = (
  opType: string,
  input: string[],
  output: string[],
  attribute: ReturnType<typeof makeAttribute>[] = [],
) => create(NodeProtoSchema, { opType, input, output, attribute });

/** A graph that computes nothing, but has one float output, as a form does. */
const idle = (): GraphProto =>
  create(GraphProtoSchema, {
    name: 'idle',
    node: [node('Identity', ['none'], ['first'])],
    output: [declaration('first', DataType.FLOAT, undefined)],
  });

/**
 * Writes all forms into one model, each in its own branch. A single session is used, so that no form has to compete
 * with another session's waiting threads. The input `which` selects the form to run.
 */
export function raceModel({
  question: { inputs },
  graphs,
  opset,
  blocks,
}: Omit<Field, 'examples'>): Uint8Array {
  const branch = (name: string, g: GraphProto) =>
    create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g });
  const graph = create(GraphProtoSchema, {
    name: 'race',
    input: [
      declaration('which', DataType.INT64, []),
      ...inputs.map(({ name, dims }) => declaration(name, DataType.FLOAT, dims)),
    ],
    initializer: [
      makeTensor('none', DataType.FLOAT, [1], [0]),
      ...graphs.map((_, i) => makeTensor(`number${i}`, DataType.INT64, [], [i])),
    ],
    node: graphs.flatMap((one, i) => {
      // A branch has no inputs; it reads outer values.
      const taken = create(GraphProtoSchema, { ...one, name: `form${i}`, input: [] });
      return [
        node('Equal', ['which', `number${i}`], [`is${i}`]),
        node('If', [`is${i}`], [`first${i}`], [branch('then_branch', taken), branch('else_branch', idle())]),
      ];
    }),
    output: graphs.map((_, i) => declaration(`first${i}`, DataType.FLOAT, undefined)),
  });
  return writeModel(
    create(ModelProtoSchema, {
      irVersion: 8n,
      producerName: 'clr',
      opsetImport: [
        create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(opset) }),
        ...(blocks ? [create(OperatorSetIdProtoSchema, { domain: blockedDomain, version: 1n })] : []),
      ],
      graph,
    }),
  );
}

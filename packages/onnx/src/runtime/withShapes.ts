import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { bringIn, type Content } from '../format/content.ts';
import { typeOfName } from '../format/dataType.ts';
import { writeModel } from '../format/model.ts';
import {
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../generated/onnx_pb.ts';
import { operators } from '../gradients/index.ts';
import { declaration } from '../graph/declaration.ts';
import { operatorKey } from '../graph/graph.ts';
import { declaredType } from '../graph/value.ts';
import type { InferenceSession, Ort } from './ort.ts';

/** Operators that are unrolled, or whose inner graphs give their shapes. */
const takenApart = /^(If|Loop|Scan|Optional.*|.*Sequence.*)$/;

/** The outputs whose shapes the file does not declare and clr cannot infer. */
function unknownOutputs({ graph, functions }: ModelProto): string[] {
  const known = new Set(
    [...(graph?.valueInfo ?? []), ...(graph?.output ?? [])]
      .filter((info) => declaredType(info).dims)
      .map(({ name }) => name),
  );
  const written = new Set(functions.map(({ domain, name }) => `${domain}:${name}`));
  return (graph?.node ?? [])
    .filter((node) => !operators.get(operatorKey(node))?.infer && !takenApart.test(node.opType))
    .filter(({ domain, opType }) => !written.has(`${domain}:${opType}`))
    .flatMap(({ output }) => output.filter((name) => name !== '' && !known.has(name)));
}

/**
 * Declares a shape that the runtime reports. In such a shape, symbolic axes have names, and unknown axes have an
 * empty name.
 */
function declare(metadata: InferenceSession.ValueMetadata): ValueInfoProto[] {
  if (!metadata.isTensor) return [];
  const dims = metadata.shape.map((size) =>
    typeof size === 'number' ? size : size === '' ? '?' : `{${size}}`,
  );
  return [declaration(metadata.name, typeOfName(metadata.type), dims)];
}

/**
 * Adds the types and shapes that the runtime infers for operators unknown to clr, such as those of a frozen body of
 * `com.microsoft` operators. A model without such operators is returned unchanged, and so is a model that the runtime
 * refuses, because its training will report the error.
 */
export async function withShapes(
  { InferenceSession }: Ort,
  content: Content,
  { executionProviders }: InferenceSession.SessionOptions,
): Promise<Content> {
  try {
    const { bytes } = content;
    const model = fromBinary(ModelProtoSchema, bytes);
    const names = unknownOutputs(model);
    if (names.length === 0 || !model.graph) return content;
    bringIn(model, content.parts);
    model.graph.output = names.map((name) => create(ValueInfoProtoSchema, { name }));
    const session = await InferenceSession.create(writeModel(model), {
      ...(executionProviders ? { executionProviders } : {}),
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 4,
    });
    const valueInfo = (session.outputMetadata ?? []).flatMap(declare);
    await session.release();
    // Concatenated protobuf messages merge into one, so the shapes are simply appended to the file.
    const more = toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, { graph: create(GraphProtoSchema, { valueInfo }) }),
    );
    const whole = new Uint8Array(bytes.length + more.length);
    whole.set(bytes);
    whole.set(more, bytes.length);
    return { ...content, bytes: whole };
  } catch {
    return content;
  }
}

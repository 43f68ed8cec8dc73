import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../generated/onnx_pb.ts';
import { operators } from '../gradients/index.ts';
import { typeOfName } from '../graph/dataType.ts';
import { declaration } from '../graph/finish.ts';
import { operatorKey } from '../graph/graphBuilder.ts';
import { declaredType } from '../graph/value.ts';
import type { InferenceSession, Ort } from './ort.ts';

/** Written out, or known by what is inside. */
const takenApart = /^(If|Loop|Scan|Optional.*|.*Sequence.*)$/;

/** The outputs of operators whose shapes clr does not know and the file does not tell. */
function untold({ graph, functions }: ModelProto): string[] {
  const told = new Set(
    [...(graph?.valueInfo ?? []), ...(graph?.output ?? [])]
      .filter((info) => declaredType(info).dims)
      .map(({ name }) => name),
  );
  const written = new Set(functions.map(({ domain, name }) => `${domain}:${name}`));
  return (graph?.node ?? [])
    .filter((node) => !operators.get(operatorKey(node))?.infer && !takenApart.test(node.opType))
    .filter(({ domain, opType }) => !written.has(`${domain}:${opType}`))
    .flatMap(({ output }) => output.filter((name) => name !== '' && !told.has(name)));
}

/** A shape as the runtime tells it: free axes by name, unknown ones by an empty one. */
function told(metadata: InferenceSession.ValueMetadata): ValueInfoProto[] {
  if (!metadata.isTensor) return [];
  const dims = metadata.shape.map((size) =>
    typeof size === 'number' ? size : size === '' ? '?' : `{${size}}`,
  );
  return [declaration(metadata.name, typeOfName(metadata.type), dims)];
}

/**
 * The model with the types and shapes that its operators unknown to clr make, as the runtime tells them: those of a
 * frozen body of `com.microsoft` operators, say. A model without such operators comes back as it is, and so does
 * one that the runtime refuses: that is said when it is trained.
 */
export async function withShapes(
  { InferenceSession }: Ort,
  bytes: Uint8Array,
  { executionProviders }: InferenceSession.SessionOptions,
): Promise<Uint8Array> {
  try {
    const model = fromBinary(ModelProtoSchema, bytes);
    const names = untold(model);
    if (names.length === 0 || !model.graph) return bytes;
    model.graph.output = names.map((name) => create(ValueInfoProtoSchema, { name }));
    const session = await InferenceSession.create(toBinary(ModelProtoSchema, model), {
      ...(executionProviders ? { executionProviders } : {}),
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 4,
    });
    const valueInfo = (session.outputMetadata ?? []).flatMap(told);
    await session.release();
    // Messages that follow each other are one: the file grows by what was told.
    const more = toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, { graph: create(GraphProtoSchema, { valueInfo }) }),
    );
    const whole = new Uint8Array(bytes.length + more.length);
    whole.set(bytes);
    whole.set(more, bytes.length);
    return whole;
  } catch {
    return bytes;
  }
}

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { fail, messageOf } from '../errors.ts';
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  OperatorSetIdProtoSchema,
} from '../generated/onnx_pb.ts';
import { checkBytes } from './checkBytes.ts';
import { countNodes } from './patch.ts';
import type { Outside, StoredAt } from './place.ts';
import type { Quantised } from './quantised.ts';

/** An upper limit on nodes. Exporters write fewer: large language models have about ten thousand. */
export const maxNodes = 40_000;

/** A decoded model with the fields that every valid model has. */
export interface Model {
  readonly proto: ModelProto;
  readonly graph: GraphProto;
  /** The version of the default operator set. */
  readonly opset: number;
  /** The place of each initializer in the file, by name; see `hoistTensors`. */
  readonly stored?: ReadonlyMap<string, StoredAt>;
  /** The location of each external initializer, by name. */
  readonly outside?: ReadonlyMap<string, Outside>;
  /** For each function, the global names of the float tensors in its body, by their names there. */
  readonly shared?: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** The stored integers of quantised weights, by name; see `findQuantised`. */
  readonly integers?: ReadonlyMap<string, Quantised>;
  /** The quantised weights that this model holds as floats so that they can be trained; see `dequantised`. */
  readonly quantised?: ReadonlyMap<string, Quantised>;
}

/**
 * Decodes an ONNX file and checks its content.
 *
 * @throws {ClrError} if the bytes are not an ONNX model, or if the model has more than {@link maxNodes} nodes
 */
export function readModel(bytes: Uint8Array): Model {
  checkBytes(bytes, 'an ONNX model', '.onnx');
  const nodes = countNodes(bytes);
  if (nodes > maxNodes) {
    throw fail(
      `a model of at most ${maxNodes} nodes`,
      `${nodes} nodes`,
      'Simplify the model, or train a smaller part of it.',
    );
  }
  let proto: ModelProto;
  try {
    proto = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw fail(
      'the bytes of an ONNX model',
      `${bytes.length} bytes that do not decode (${messageOf(cause)})`,
      'The file is truncated or not ONNX; export or download it again.',
      { cause },
    );
  }
  const { graph } = proto;
  // Before IR version 3, the format had only one operator set.
  if ((proto.irVersion === 1n || proto.irVersion === 2n) && proto.opsetImport.length === 0)
    proto.opsetImport.push(create(OperatorSetIdProtoSchema, { version: 1n }));
  if (!graph || graph.output.length === 0 || proto.opsetImport.length === 0) {
    throw fail(
      'an ONNX model with a graph, outputs and an operator set',
      `${bytes.length} bytes without ${!graph ? 'a graph' : graph.output.length === 0 ? 'outputs' : 'an operator set'}`,
      'The file is truncated or not ONNX; export or download it again.',
    );
  }
  const opset = Number(
    proto.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0,
  );
  if (opset < 0) {
    throw fail('an operator set of at least 1', `opset ${opset}`, 'The file is damaged; export it again.');
  }
  return { proto, graph, opset };
}

/** The opset that a model imports for a domain, or 0 if it does not import the domain. */
export function importedOpset({ proto, opset }: Model, domain: string): number {
  if (domain === '' || domain === 'ai.onnx') return opset;
  return Number(proto.opsetImport.find((item) => item.domain === domain)?.version ?? 0);
}

/** The largest file size that the format allows. */
const largest = 2 ** 31 - 1;

/**
 * Encodes a model. Keeps fields that this package does not know.
 *
 * @throws {ClrError} if the model is too large for one file
 */
export function writeModel(proto: ModelProto): Uint8Array {
  const size = (proto.graph?.initializer ?? []).reduce((sum, { rawData }) => sum + rawData.length, 0);
  if (size > largest) {
    throw fail(
      'a model of less than 2 GiB in one file or session',
      `${(size / 2 ** 30).toFixed(2)} GiB of weights`,
      'Train on the CPU in Node, where large matrices are kept outside of sessions, and pass `externalData` to exportModel; or use a model with float16 or quantised weights.',
    );
  }
  return toBinary(ModelProtoSchema, proto);
}

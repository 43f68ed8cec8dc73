import { fail } from '../errors.ts';
import { subgraphs } from '../format/captures.ts';
import { readModel, writeModel } from '../format/model.ts';
import {
  type GraphProto,
  TensorProto_DataLocation as Location,
  type ModelProto,
  type TensorProto,
} from '../generated/onnx_pb.ts';

/** Reads a part of a file that lies beside the model; without a length, to its end. */
export type ReadPart = (location: string, offset: number, length: number | undefined) => Promise<Uint8Array>;

function* tensorsOf(graph: GraphProto): Generator<TensorProto> {
  yield* graph.initializer;
  for (const node of graph.node) {
    for (const attribute of node.attribute) {
      if (attribute.t) yield attribute.t;
      yield* attribute.tensors;
    }
    for (const inner of subgraphs(node)) yield* tensorsOf(inner);
  }
}

function externalTensors({ graph }: ModelProto): TensorProto[] {
  return graph ? [...tensorsOf(graph)].filter(({ dataLocation }) => dataLocation === Location.EXTERNAL) : [];
}

/** Only names of files in the model's folder or below it, written the plain way. */
function checkLocation(tensor: TensorProto, location: string): void {
  const parts = location.split('/');
  const plain =
    location !== '' && !/[\\:\0]/.test(location) && parts.every((part) => part !== '' && part !== '..');
  if (!plain) {
    throw fail(
      `the external data of tensor "${tensor.name}" in the model's own folder`,
      `location = ${JSON.stringify(location)}`,
      'Move the data file beside the model and save the model again.',
    );
  }
}

function number(tensor: TensorProto, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw fail(
      `the external data of tensor "${tensor.name}" at a whole offset of at least 0`,
      JSON.stringify(text),
      'The file is damaged; export it again.',
    );
  }
  return value;
}

/** A protobuf message has at most 2 GiB, and the models that are trained hold their weights. */
const largest = 2 ** 31 - 1;

function checkSize(bytes: number): void {
  if (bytes <= largest) return;
  throw fail(
    'a model of less than 2 GiB with its weights',
    `${(bytes / 2 ** 30).toFixed(2)} GiB`,
    'Train a smaller model, or one whose weights are float16 or quantised.',
  );
}

/**
 * Brings the weights that a model keeps in other files into the model itself.
 *
 * @returns the very same bytes when the model keeps none
 * @throws {ClrError} on a location outside the model's folder
 */
export async function embedExternalData(bytes: Uint8Array, read: ReadPart): Promise<Uint8Array> {
  const { proto } = readModel(bytes);
  const tensors = externalTensors(proto);
  if (tensors.length === 0) return bytes;
  const lengths = tensors.map((tensor) => {
    const stored = tensor.externalData.find(({ key }) => key === 'length');
    return number(tensor, stored?.value) ?? 0;
  });
  checkSize(lengths.reduce((sum, length) => sum + length, bytes.length));
  let size = bytes.length;
  for (const tensor of tensors) {
    const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
    const location = entries.get('location') ?? '';
    checkLocation(tensor, location);
    const offset = number(tensor, entries.get('offset')) ?? 0;
    const part = await read(location, offset, number(tensor, entries.get('length')));
    size += part.length;
    checkSize(size);
    tensor.rawData = part as Uint8Array<ArrayBuffer>;
    tensor.dataLocation = Location.DEFAULT;
    tensor.externalData = [];
  }
  return writeModel(proto);
}

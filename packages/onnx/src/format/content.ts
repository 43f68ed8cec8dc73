import { fail } from '../errors.ts';
import {
  TensorProto_DataLocation as Location,
  type ModelProto,
  type TensorProto,
} from '../generated/onnx_pb.ts';
import { subgraphs } from './captures.ts';
import { readModel, writeModel } from './model.ts';
import type { Outside } from './place.ts';

/** A model file, and the parts of external files that hold its weights, by {@link partKey}. */
export interface Content {
  readonly bytes: Uint8Array;
  readonly parts: ReadonlyMap<string, Uint8Array>;
}

/** Whether the argument is a `Content` rather than the bytes of a model. */
export function isContent(given: Uint8Array | Content): given is Content {
  return Object(given).parts instanceof Map;
}

function* tensorsOf(nodes: ModelProto['functions'][number]['node']): Generator<TensorProto> {
  for (const node of nodes) {
    for (const attribute of node.attribute) {
      if (attribute.t) yield attribute.t;
      yield* attribute.tensors;
    }
    for (const { initializer, node: inner } of subgraphs(node)) {
      yield* initializer;
      yield* tensorsOf(inner);
    }
  }
}

/** The tensors of a model whose elements are in external files. */
export function outsideTensors({ graph }: ModelProto): TensorProto[] {
  if (!graph) return [];
  return [...graph.initializer, ...tensorsOf(graph.node)].filter(
    ({ dataLocation }) => dataLocation === Location.EXTERNAL,
  );
}

function number(tensor: TensorProto, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw fail(
    `the offset and the length of the external data of tensor "${tensor.name}" to be integers of at least 0`,
    JSON.stringify(text),
    'The file is damaged; export it again.',
  );
}

/** The location of an external tensor's elements. */
export function outsideOf(tensor: TensorProto): Outside {
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  return {
    location: entries.get('location') ?? '',
    offset: number(tensor, entries.get('offset')) ?? 0,
    length: number(tensor, entries.get('length')),
    dataType: tensor.dataType,
  };
}

/** A key that identifies a part of an external file. */
export function partKey({ location, offset, length }: Outside): string {
  return `${offset}:${length ?? ''}:${location}`;
}

/**
 * Loads elements from external files into their tensors. Tensors without a loaded part are left unchanged.
 *
 * @param proto - a freshly decoded model, which this function changes
 * @returns the former location of each tensor's elements
 */
export function bringIn(proto: ModelProto, parts: Content['parts']): Map<TensorProto, Outside> {
  const brought = new Map<TensorProto, Outside>();
  if (parts.size === 0) return brought;
  for (const tensor of outsideTensors(proto)) {
    const outside = outsideOf(tensor);
    const part = parts.get(partKey(outside));
    if (!part) continue;
    tensor.rawData = part as TensorProto['rawData'];
    tensor.dataLocation = Location.DEFAULT;
    tensor.externalData = [];
    brought.set(tensor, outside);
  }
  return brought;
}

/** The size of a model in bytes, with all its weights. */
export function sizeOfContent({ bytes, parts }: Content): number {
  return [...parts.values()].reduce((size, { length }) => size + length, bytes.length);
}

/**
 * A model as one file, with all its weights inside.
 *
 * @returns the same array if the model has no external weights
 * @throws {ClrError} when a file cannot be that large
 */
export function asOneFile({ bytes, parts }: Content): Uint8Array {
  if (parts.size === 0) return bytes;
  const { proto } = readModel(bytes);
  bringIn(proto, parts);
  return writeModel(proto);
}

import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { fail, messageOf } from '../errors.ts';
import { DataType } from './dataType.ts';
import { isHalf, narrow } from './half.ts';
import type { Place } from './place.ts';

/** The field numbers of onnx.proto that lead to a tensor's elements. */
const field = {
  model: { graph: 7, functions: 25 },
  graph: { node: 1, initializer: 5 },
  node: { attribute: 5 },
  function: { node: 7 },
  attribute: { f: 2, t: 5, g: 6, floats: 7, graphs: 11 },
  tensor: { dataType: 2, floatData: 4, name: 8, rawData: 9, doubleData: 10 },
};

/** A range of bytes in the file: `[start, end)`. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * The position of a tensor's elements in the file: one range, or one for each element if the writer did not pack them.
 */
interface Stored {
  readonly type: number;
  readonly ranges: readonly Range[];
}

/** Calls `visit` for every field of the message at `[start, end)` of the file. */
function fields(
  bytes: Uint8Array,
  { start, end }: Range,
  visit: (number: number, type: WireType, content: Range) => void,
): void {
  const reader = new BinaryReader(bytes.subarray(start, end));
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const before = start + reader.pos;
    if (type === WireType.LengthDelimited) {
      const length = reader.uint32();
      const from = start + reader.pos;
      reader.pos += length;
      visit(number, type, { start: from, end: from + length });
    } else {
      reader.skip(type, number);
      visit(number, type, { start: before, end: start + reader.pos });
    }
  }
}

/** Counts the nodes of a model's graph without decoding them. Returns 0 for bytes that are not a model. */
export function countNodes(bytes: Uint8Array): number {
  let count = 0;
  try {
    fields(bytes, { start: 0, end: bytes.length }, (number, type, graph) => {
      if (number !== field.model.graph || type !== WireType.LengthDelimited) return;
      fields(bytes, graph, (graphField) => {
        if (graphField === field.graph.node) count += 1;
      });
    });
  } catch {
    return 0;
  }
  return count;
}

/** Reads a tensor's type and the position of its elements, but not the elements. */
function storedTensor(bytes: Uint8Array, tensor: Range): Stored {
  let type = 0;
  const ranges: Range[] = [];
  fields(bytes, tensor, (number, _type, content) => {
    if (number === field.tensor.dataType) {
      type = new BinaryReader(bytes.subarray(content.start, content.end)).uint32();
    }
    if (
      number === field.tensor.rawData ||
      number === field.tensor.floatData ||
      number === field.tensor.doubleData
    ) {
      ranges.push(content);
    }
  });
  return { type, ranges };
}

/** Finds the elements of each tensor in `wanted`. */
function elementRanges(bytes: Uint8Array, wanted: ReadonlySet<Place>): Map<Place, Stored> {
  const found = new Map<Place, Stored>();
  const ways = new Set<Place>();
  for (const place of wanted) {
    const parts = place.split('.');
    parts.forEach((_, i) => {
      ways.add(parts.slice(0, i + 1).join('.'));
    });
  }
  const note = (place: Place, type: number, range: Range): void => {
    found.set(place, { type, ranges: [...(found.get(place)?.ranges ?? []), range] });
  };
  const visitAttribute = (range: Range, at: Place): void => {
    let graphs = 0;
    fields(bytes, range, (number, type, content) => {
      const list = type === WireType.LengthDelimited;
      if (number === field.attribute.t && list) found.set(`${at}.t`, storedTensor(bytes, content));
      if (number === field.attribute.f) note(`${at}.f`, DataType.FLOAT, content);
      if (number === field.attribute.floats) note(`${at}.floats`, DataType.FLOAT, content);
      if (number === field.attribute.g && list) visitGraph(content, `${at}.g`, { nodes: 0, initializers: 0 });
      if (number === field.attribute.graphs && list) {
        visitGraph(content, `${at}.g${graphs}`, { nodes: 0, initializers: 0 });
        graphs += 1;
      }
    });
  };
  const visitNode = (range: Range, at: Place): void => {
    if (!ways.has(at)) return;
    let attributes = 0;
    fields(bytes, range, (number, _type, content) => {
      if (number !== field.node.attribute) return;
      const place = `${at}.a${attributes}`;
      attributes += 1;
      if (ways.has(place)) visitAttribute(content, place);
    });
  };
  const visitGraph = (range: Range, at: Place, count: { nodes: number; initializers: number }): void => {
    const prefix = at === '' ? '' : `${at}.`;
    fields(bytes, range, (number, _type, content) => {
      if (number === field.graph.node) {
        visitNode(content, `${prefix}n${count.nodes}`);
        count.nodes += 1;
      }
      if (number === field.graph.initializer) {
        const place = `${prefix}i${count.initializers}`;
        count.initializers += 1;
        if (ways.has(place)) found.set(place, storedTensor(bytes, content));
      }
    });
  };
  const count = { nodes: 0, initializers: 0 };
  let functions = 0;
  fields(bytes, { start: 0, end: bytes.length }, (number, type, content) => {
    if (type !== WireType.LengthDelimited) return;
    // Protobuf allows the graph field to occur several times. All parts share one count of nodes and initializers.
    if (number === field.model.graph) visitGraph(content, '', count);
    if (number === field.model.functions) {
      const at = `f${functions}`;
      functions += 1;
      if (!ways.has(at)) return;
      let nodes = 0;
      fields(bytes, content, (inner, _type, node) => {
        if (inner !== field.function.node) return;
        visitNode(node, `${at}.n${nodes}`);
        nodes += 1;
      });
    }
  });
  return found;
}

/** A tensor to find in a file. */
export interface Wanted {
  readonly name: string;
  readonly place: Place;
  /** The number of elements. */
  readonly count: number;
  /** The size in bytes, if the file stores integers. */
  readonly bytes?: number | undefined;
}

/**
 * Finds where a file stores the elements of some tensors.
 *
 * @returns the position of each tensor's elements, by the tensor's place
 * @throws {ClrError} if the file does not hold the expected number of elements
 */
export function locateTensors(bytes: Uint8Array, wanted: readonly Wanted[]): ReadonlyMap<Place, Stored> {
  let stored: Map<Place, Stored>;
  try {
    stored = elementRanges(bytes, new Set(wanted.map(({ place }) => place)));
  } catch (cause) {
    throw fail(
      'an ONNX file whose fields can be decoded',
      messageOf(cause),
      'The file is damaged; export it again.',
      { cause },
    );
  }
  for (const { name, place, count, bytes: own } of wanted) {
    const { type = 0, ranges = [] } = stored.get(place) ?? {};
    const length = own ?? count * (isHalf(type) ? 2 : type === DataType.DOUBLE ? 8 : 4);
    const found = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
    if (found !== length) {
      throw fail(
        `the ${length} bytes of tensor "${name}" inside the model file`,
        `${found} bytes`,
        'Merge external data into the model before training it.',
      );
    }
  }
  return stored;
}

/**
 * New elements for a tensor, as many as the tensor has. The array has the tensor's type, with two exceptions: float16
 * and bfloat16 are given as float32, and integers as their raw bytes.
 */
export interface Replacement {
  readonly name: string;
  readonly place: Place;
  readonly data: Float32Array | Float64Array | Uint8Array;
}

/**
 * Copies an ONNX file and replaces the values of some tensors. Every other byte is unchanged. Values of 16-bit
 * tensors are rounded to the nearest 16-bit float.
 */
export function patchTensors(bytes: Uint8Array, values: readonly Replacement[]): Uint8Array {
  const stored = locateTensors(
    bytes,
    values.map(({ name, place, data }) => ({
      name,
      place,
      count: data.length,
      bytes: data instanceof Uint8Array ? data.length : undefined,
    })),
  );
  // slice() of a Node Buffer is a view, so copy with the constructor.
  const copy = new Uint8Array(bytes);
  for (const { place, data } of values) {
    const { type = 0, ranges = [] } = stored.get(place) ?? {};
    const own = !(data instanceof Uint8Array) && isHalf(type) ? narrow(data, type) : data;
    const source = new Uint8Array(own.buffer, own.byteOffset, own.byteLength);
    let offset = 0;
    for (const { start, end } of ranges) {
      copy.set(source.subarray(offset, offset + end - start), start);
      offset += end - start;
    }
  }
  return copy;
}

import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { fail } from '../errors.ts';
import { DataType } from './dataType.ts';
import { isHalf, narrow } from './half.ts';

/** The field numbers of onnx.proto on the way to a tensor's elements. */
const field = {
  model: { graph: 7 },
  graph: { node: 1, initializer: 5 },
  tensor: { dataType: 2, floatData: 4, name: 8, rawData: 9, doubleData: 10 },
};

/** A run of elements in the file: `[start, end)` in bytes. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** Where the elements of an initializer lie: in one run, or one by one when a writer did not pack them. */
interface Stored {
  readonly type: number;
  readonly ranges: readonly Range[];
}

/** Calls `visit` for every field of a message that lies in `[start, end)` of the file. */
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

/** How many nodes a model's graph has, without decoding them; 0 for bytes that are no model. */
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

/** Where the elements of each initializer lie. */
function elementRanges(bytes: Uint8Array): Map<string, Stored> {
  const decoder = new TextDecoder();
  const found = new Map<string, Stored>();
  const isMessage = (type: WireType): boolean => type === WireType.LengthDelimited;
  fields(bytes, { start: 0, end: bytes.length }, (number, type, graph) => {
    if (number !== field.model.graph || !isMessage(type)) return;
    fields(bytes, graph, (graphField, graphType, tensor) => {
      if (graphField !== field.graph.initializer || !isMessage(graphType)) return;
      let [name, type] = ['', 0];
      const ranges: Range[] = [];
      fields(bytes, tensor, (tensorField, _tensorType, content) => {
        const own = bytes.subarray(content.start, content.end);
        if (tensorField === field.tensor.name) name = decoder.decode(own);
        if (tensorField === field.tensor.dataType) type = new BinaryReader(own).uint32();
        if (
          tensorField === field.tensor.rawData ||
          tensorField === field.tensor.floatData ||
          tensorField === field.tensor.doubleData
        ) {
          ranges.push(content);
        }
      });
      found.set(name, { type, ranges });
    });
  });
  return found;
}

/**
 * Finds where the elements of initializers lie in a file.
 *
 * @param counts - how many elements each initializer has
 * @throws {ClrError} when one does not lie in the file with that many
 */
export function locateInitializers(
  bytes: Uint8Array,
  counts: ReadonlyMap<string, number>,
): ReadonlyMap<string, Stored> {
  let stored: Map<string, Stored>;
  try {
    stored = elementRanges(bytes);
  } catch (cause) {
    throw fail(
      'an ONNX file whose parts lie one after the other',
      cause instanceof Error ? cause.message : String(cause),
      'The file is damaged; export it again.',
      { cause },
    );
  }
  for (const [name, count] of counts) {
    const { type = 0, ranges = [] } = stored.get(name) ?? {};
    const length = count * (isHalf(type) ? 2 : type === DataType.DOUBLE ? 8 : 4);
    const found = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
    if (found !== length) {
      throw fail(
        `the ${length} bytes of initializer "${name}" inside the model file`,
        `${found} bytes`,
        'Merge external data into the model before training it.',
      );
    }
  }
  return stored;
}

/**
 * A copy of an ONNX file with other values in some initializers; every other byte stays as it was.
 *
 * @param values - the new elements by initializer; each array is as long as the tensor, in its type or, for
 *   float16 and bfloat16, in float32: those are rounded
 */
export function patchInitializers(
  bytes: Uint8Array,
  values: ReadonlyMap<string, Float32Array | Float64Array>,
): Uint8Array {
  const counts = new Map([...values].map(([name, { length }]) => [name, length]));
  const stored = locateInitializers(bytes, counts);
  // Not slice(): a Buffer's own is a view.
  const copy = new Uint8Array(bytes);
  for (const [name, data] of values) {
    const { type = 0, ranges = [] } = stored.get(name) ?? {};
    const own = isHalf(type) ? narrow(data, type) : data;
    const source = new Uint8Array(own.buffer, own.byteOffset, own.byteLength);
    let offset = 0;
    for (const { start, end } of ranges) {
      copy.set(source.subarray(offset, offset + end - start), start);
      offset += end - start;
    }
  }
  return copy;
}

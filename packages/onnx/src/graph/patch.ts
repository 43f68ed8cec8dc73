import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { fail } from '../errors.ts';

/** The field numbers of onnx.proto on the way to a tensor's elements. */
const field = {
  model: { graph: 7 },
  graph: { initializer: 5 },
  tensor: { floatData: 4, name: 8, rawData: 9, doubleData: 10 },
};

/** A run of elements in the file: `[start, end)` in bytes. */
interface Range {
  readonly start: number;
  readonly end: number;
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

/** Where the elements of each initializer lie: in one run, or one by one when a writer did not pack them. */
function elementRanges(bytes: Uint8Array): Map<string, Range[]> {
  const decoder = new TextDecoder();
  const found = new Map<string, Range[]>();
  fields(bytes, { start: 0, end: bytes.length }, (number, _type, graph) => {
    if (number !== field.model.graph) return;
    fields(bytes, graph, (graphField, _graphType, tensor) => {
      if (graphField !== field.graph.initializer) return;
      let name = '';
      const ranges: Range[] = [];
      fields(bytes, tensor, (tensorField, _tensorType, content) => {
        if (tensorField === field.tensor.name)
          name = decoder.decode(bytes.subarray(content.start, content.end));
        if (
          tensorField === field.tensor.rawData ||
          tensorField === field.tensor.floatData ||
          tensorField === field.tensor.doubleData
        ) {
          ranges.push(content);
        }
      });
      found.set(name, ranges);
    });
  });
  return found;
}

/**
 * A copy of an ONNX file with other values in some initializers; every other byte stays as it was.
 *
 * @param values - the new elements by initializer; each array is as long as the tensor, in its type
 */
export function patchInitializers(
  bytes: Uint8Array,
  values: ReadonlyMap<string, Float32Array | Float64Array>,
): Uint8Array {
  const copy = bytes.slice();
  const ranges = elementRanges(bytes);
  for (const [name, data] of values) {
    const source = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    let offset = 0;
    for (const { start, end } of ranges.get(name) ?? []) {
      copy.set(source.subarray(offset, offset + end - start), start);
      offset += end - start;
    }
    if (offset !== source.length) {
      throw fail(
        `the ${source.length} bytes of initializer "${name}" inside the model file`,
        `${offset} bytes`,
        'Merge external data into the model before training it.',
      );
    }
  }
  return copy;
}

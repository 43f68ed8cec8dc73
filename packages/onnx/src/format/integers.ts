import { fail } from '../errors.ts';
import { type TensorProto, TensorProto_DataLocation } from '../generated/onnx_pb.ts';
import { DataType } from './dataType.ts';
import { dimsOf, sizeOf } from './tensor.ts';

/** An integer type: its number of bits, and whether it is signed. */
interface IntegerType {
  readonly bits: 4 | 8 | 16 | 32;
  readonly signed: boolean;
}

const types: ReadonlyMap<number, IntegerType> = new Map<number, IntegerType>([
  [DataType.INT4, { bits: 4, signed: true }],
  [DataType.UINT4, { bits: 4, signed: false }],
  [DataType.INT8, { bits: 8, signed: true }],
  [DataType.UINT8, { bits: 8, signed: false }],
  [DataType.INT16, { bits: 16, signed: true }],
  [DataType.UINT16, { bits: 16, signed: false }],
  [DataType.INT32, { bits: 32, signed: true }],
]);

/** Whether a type can store quantised weights. */
export function isQuantisedType(type: number): boolean {
  return types.has(type);
}

/** The smallest and the largest value of an integer type. */
export function integerRange(type: number): readonly [number, number] {
  const { bits, signed } = types.get(type) as IntegerType;
  return signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
}

/** The number of bytes that `count` elements of a type take. */
export function integerBytes(type: number, count: number): number {
  return Math.ceil((count * (types.get(type) as IntegerType).bits) / 8);
}

function arrayOf(type: number, bytes: Uint8Array): ArrayLike<number> {
  // Typed arrays need aligned addresses. slice() of a Node Buffer is a view, so copy with the constructor.
  const { buffer, byteOffset: offset, length } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  switch (type) {
    case DataType.INT8:
      return new Int8Array(buffer, offset, length);
    case DataType.INT16:
      return new Int16Array(buffer, offset, length >> 1);
    case DataType.UINT16:
      return new Uint16Array(buffer, offset, length >> 1);
    case DataType.INT32:
      return new Int32Array(buffer, offset, length >> 2);
    case DataType.INT4:
      return Int8Array.from({ length: 2 * length }, (_, i) => {
        const nibble = ((bytes[i >> 1] as number) >> (4 * (i & 1))) & 15;
        return nibble > 7 ? nibble - 16 : nibble;
      });
    case DataType.UINT4:
      return Uint8Array.from(
        { length: 2 * length },
        (_, i) => ((bytes[i >> 1] as number) >> (4 * (i & 1))) & 15,
      );
    default:
      return bytes;
  }
}

/** The elements of an integer tensor. A byte holds two 4-bit elements, the first one in its lower bits. */
export function integersOf(tensor: TensorProto): ArrayLike<number> {
  if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    throw fail(
      `the data of tensor "${tensor.name}" inside the model`,
      'a reference to an external data file',
      'Load the model by path, or pass `externalData` to createTrainer.',
    );
  }
  const size = sizeOf(dimsOf(tensor));
  const found = tensor.rawData.length > 0 ? arrayOf(tensor.dataType, tensor.rawData) : tensor.int32Data;
  const spare = tensor.dataType === DataType.INT4 || tensor.dataType === DataType.UINT4 ? 1 : 0;
  if (found.length < size || found.length > size + spare) {
    throw fail(
      `tensor "${tensor.name}" to hold ${size} integers, as its dims say`,
      `${found.length} integers`,
      'The file is damaged; export it again.',
    );
  }
  return found;
}

/** Encodes integers as an ONNX file stores them. */
export function integersToBytes(type: number, values: Int32Array): Uint8Array {
  const { bits, signed } = types.get(type) as IntegerType;
  if (bits === 4) {
    const bytes = new Uint8Array(integerBytes(type, values.length));
    values.forEach((value, i) => {
      bytes[i >> 1] = (bytes[i >> 1] as number) | ((value & 15) << (4 * (i & 1)));
    });
    return bytes;
  }
  if (bits === 32) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const make = bits === 8 ? (signed ? Int8Array : Uint8Array) : signed ? Int16Array : Uint16Array;
  return new Uint8Array(make.from(values).buffer);
}

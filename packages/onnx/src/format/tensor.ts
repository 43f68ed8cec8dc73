import { create } from '@bufbuild/protobuf';
import { fail } from '../errors.ts';
import { type TensorProto, TensorProto_DataLocation, TensorProtoSchema } from '../generated/onnx_pb.ts';
import { DataType, typeName } from './dataType.ts';
import { int64 } from './int64.ts';

/** The number of elements of a tensor with these dimensions. */
export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((size, dim) => size * dim, 1);
}

/** The dimensions of a stored tensor as numbers. */
export function dimsOf(tensor: TensorProto): number[] {
  return tensor.dims.map((dim) => {
    const number = Number(dim);
    if (!Number.isSafeInteger(number) || number < 0) {
      throw fail(
        `tensor "${tensor.name}" to have sizes of at least 0`,
        `dims = [${tensor.dims.join(', ')}]`,
        'The file is damaged; export it again.',
      );
    }
    return number;
  });
}

/** Views bytes as a typed array. Copies them only if they are not aligned. */
function view<T>(bytes: Uint8Array, width: number, make: (b: ArrayBufferLike, o: number, n: number) => T): T {
  // slice() of a Node Buffer is a view, so copy with the constructor.
  const aligned = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  return make(aligned.buffer, aligned.byteOffset, Math.floor(bytes.byteLength / width));
}

function checkLength(tensor: TensorProto, length: number): void {
  if (length !== sizeOf(dimsOf(tensor))) {
    throw fail(
      `tensor "${tensor.name}" to hold ${sizeOf(dimsOf(tensor))} elements of ${typeName(tensor.dataType)}, as its dims say`,
      `${length} elements`,
      'The file is damaged; export it again.',
    );
  }
}

/** Refuses a tensor whose data is in another file. */
function checkInside(tensor: TensorProto): void {
  if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    throw fail(
      `the data of tensor "${tensor.name}" inside the model`,
      'a reference to an external data file',
      'Load the model by path, or pass `externalData` to createTrainer.',
    );
  }
}

/** The elements of a float32 tensor, from whichever field holds them. The array may be a view of the file. */
export function floatData(tensor: TensorProto): Float32Array {
  checkInside(tensor);
  const data =
    tensor.rawData.length > 0 || tensor.floatData.length === 0
      ? view(tensor.rawData, 4, (buffer, offset, length) => new Float32Array(buffer, offset, length))
      : Float32Array.from(tensor.floatData);
  checkLength(tensor, data.length);
  return data;
}

/** The elements of a float64 tensor. */
export function doubleData(tensor: TensorProto): Float64Array {
  checkInside(tensor);
  const data =
    tensor.rawData.length > 0 || tensor.doubleData.length === 0
      ? view(tensor.rawData, 8, (buffer, offset, length) => new Float64Array(buffer, offset, length))
      : Float64Array.from(tensor.doubleData);
  checkLength(tensor, data.length);
  return data;
}

/** The number of elements that are copied at a time if they are not aligned in the file. */
const atOnce = 1 << 14;

/** Yields the elements of a float32 or float64 tensor in parts. The next part may overwrite the previous one. */
export function* floatParts(tensor: TensorProto): Generator<Float32Array | Float64Array> {
  const double = tensor.dataType === DataType.DOUBLE;
  const width = double ? 8 : 4;
  const { rawData } = tensor;
  if (rawData.length === 0 || rawData.byteOffset % width === 0) {
    yield double ? doubleData(tensor) : floatData(tensor);
    return;
  }
  checkInside(tensor);
  checkLength(tensor, Math.floor(rawData.length / width));
  const part = double ? new Float64Array(atOnce) : new Float32Array(atOnce);
  const bytes = new Uint8Array(part.buffer);
  for (let start = 0; start < rawData.length; start += bytes.length) {
    const piece = rawData.subarray(start, start + bytes.length);
    bytes.set(piece);
    yield part.subarray(0, Math.floor(piece.length / width));
  }
}

/**
 * Concatenates the elements of several float32 or float64 tensors, with one copy. Checks all sizes before it allocates
 * memory, because a damaged file may claim any size.
 */
export function concatenated(tensors: readonly TensorProto[], double: boolean): Float32Array | Float64Array {
  const width = double ? 8 : 4;
  const stored = tensors.map((tensor) => {
    const { rawData } = tensor;
    const plain = rawData.length > 0 && rawData.length % width === 0;
    if (!plain) return double ? doubleData(tensor) : floatData(tensor);
    checkInside(tensor);
    checkLength(tensor, rawData.length / width);
    return rawData;
  });
  const bytes = stored.map((data) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const whole = new Uint8Array(bytes.reduce((size, { length }) => size + length, 0));
  let offset = 0;
  for (const part of bytes) {
    whole.set(part, offset);
    offset += part.length;
  }
  return double ? new Float64Array(whole.buffer) : new Float32Array(whole.buffer);
}

/** The elements of a small tensor as numbers, or `undefined` if its type is not one of those below. */
export function numbersOf(tensor: TensorProto): number[] | undefined {
  checkInside(tensor);
  const raw = tensor.rawData;
  let data: number[];
  switch (tensor.dataType) {
    case DataType.FLOAT:
      return [...floatData(tensor)];
    case DataType.DOUBLE:
      return [...doubleData(tensor)];
    case DataType.INT64:
      data =
        raw.length > 0
          ? Array.from(
              view(raw, 8, (buffer, offset, length) => new BigInt64Array(buffer, offset, length)),
              Number,
            )
          : tensor.int64Data.map(Number);
      break;
    case DataType.INT32:
      data =
        raw.length > 0
          ? Array.from(view(raw, 4, (buffer, offset, length) => new Int32Array(buffer, offset, length)))
          : [...tensor.int32Data];
      break;
    case DataType.INT8:
      data =
        raw.length > 0 ? [...new Int8Array(raw.buffer, raw.byteOffset, raw.length)] : [...tensor.int32Data];
      break;
    case DataType.BOOL:
    case DataType.UINT8:
      data = raw.length > 0 ? [...raw] : [...tensor.int32Data];
      break;
    default:
      return undefined;
  }
  checkLength(tensor, data.length);
  return data;
}

/** The number of bits per element, for types of fixed size. */
const bits: ReadonlyMap<number, number> = new Map<number, number>([
  [DataType.FLOAT, 32],
  [DataType.DOUBLE, 64],
  [DataType.INT64, 64],
  [DataType.UINT64, 64],
  [DataType.INT32, 32],
  [DataType.UINT32, 32],
  [DataType.FLOAT16, 16],
  [DataType.BFLOAT16, 16],
  [DataType.INT16, 16],
  [DataType.UINT16, 16],
  [DataType.INT8, 8],
  [DataType.UINT8, 8],
  [DataType.BOOL, 8],
]);

/** Checks that a tensor in a file has as many elements as its dimensions say. */
export function checkStored(tensor: TensorProto): void {
  const width = bits.get(tensor.dataType);
  if (width === undefined || tensor.dataLocation === TensorProto_DataLocation.EXTERNAL) return;
  const listed =
    tensor.floatData.length +
    tensor.doubleData.length +
    tensor.int32Data.length +
    tensor.int64Data.length +
    tensor.uint64Data.length;
  const stored = tensor.rawData.length > 0 || listed === 0 ? (tensor.rawData.length * 8) / width : listed;
  checkLength(tensor, stored);
}

/** A tensor of the given type. */
export function makeTensor(
  name: string,
  type: number,
  dims: readonly number[],
  values: readonly number[] | Float32Array,
): TensorProto {
  const bytes = (data: ArrayBufferView): Uint8Array<ArrayBuffer> =>
    new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  const encode = (): Uint8Array<ArrayBuffer> => {
    switch (type) {
      case DataType.FLOAT:
        return bytes(values instanceof Float32Array ? values : Float32Array.from(values));
      case DataType.DOUBLE:
        return bytes(Float64Array.from(values));
      case DataType.INT64:
        return bytes(BigInt64Array.from(Array.from(values, int64)));
      case DataType.INT32:
        return bytes(Int32Array.from(values));
      case DataType.INT8:
        return bytes(Int8Array.from(values));
      case DataType.UINT8:
      case DataType.BOOL:
        return Uint8Array.from(values);
      default:
        throw fail(
          'a constant of float32, float64, int64, int32, int8, uint8 or bool',
          typeName(type),
          'Cast the model to float32.',
        );
    }
  };
  return create(TensorProtoSchema, { name, dataType: type, dims: dims.map(BigInt), rawData: encode() });
}

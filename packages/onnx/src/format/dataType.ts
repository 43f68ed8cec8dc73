import { TensorProto_DataType as DataType } from '../generated/onnx_pb.ts';

export { DataType };

const floats: ReadonlySet<number> = new Set([
  DataType.FLOAT,
  DataType.DOUBLE,
  DataType.FLOAT16,
  DataType.BFLOAT16,
]);

/** Whether values of this type can carry a gradient. */
export function isFloat(type: number): boolean {
  return floats.has(type);
}

const names: ReadonlyMap<number, string> = new Map<number, string>([
  [DataType.FLOAT, 'float32'],
  [DataType.DOUBLE, 'float64'],
  [DataType.FLOAT16, 'float16'],
  [DataType.BFLOAT16, 'bfloat16'],
  [DataType.INT8, 'int8'],
  [DataType.UINT8, 'uint8'],
  [DataType.INT16, 'int16'],
  [DataType.UINT16, 'uint16'],
  [DataType.INT32, 'int32'],
  [DataType.UINT32, 'uint32'],
  [DataType.INT64, 'int64'],
  [DataType.UINT64, 'uint64'],
  [DataType.BOOL, 'bool'],
  [DataType.STRING, 'string'],
  [DataType.INT4, 'int4'],
  [DataType.UINT4, 'uint4'],
]);

/** The element type with this name in ONNX Runtime, or `DataType.UNDEFINED` if the name is unknown. */
export function typeOfName(name: string): number {
  return [...names].find(([, known]) => known === name)?.[0] ?? DataType.UNDEFINED;
}

/** The name of an element type in ONNX Runtime. */
export function typeName(type: number): string {
  return names.get(type) ?? `type ${type}`;
}

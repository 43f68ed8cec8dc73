/** A typed array that a file can hold. */
export type TensorArray =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** The element type of a tensor in the file, by safetensors' name. */
export type Dtype = 'F64' | 'F32' | 'I64' | 'U64' | 'I32' | 'U32' | 'I16' | 'U16' | 'I8' | 'U8';

interface TensorConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): TensorArray;
}

/** The typed arrays that a snapshot may hold. */
export const dtypes: Readonly<Record<Dtype, TensorConstructor>> = {
  F64: Float64Array,
  F32: Float32Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
};

const names = Object.keys(dtypes) as Dtype[];

// `instanceof` fails for arrays of another realm (a vm context, a frame, a test runner's sandbox).
const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
const kindOf = Object.getOwnPropertyDescriptor(typedArray, Symbol.toStringTag)!.get!;

/** The element type of a typed array; `undefined` for a value that a file cannot hold. A Buffer counts as Uint8Array. */
export function dtypeOf(array: unknown): Dtype | undefined {
  const kind = kindOf.call(array);
  return names.find((name) => (dtypes[name] as { readonly name?: string }).name === kind);
}

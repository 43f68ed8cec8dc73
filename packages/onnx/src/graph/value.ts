import { fail } from '../errors.ts';
import { DataType } from '../format/dataType.ts';
import type { TypeProto, ValueInfoProto } from '../generated/onnx_pb.ts';
import { type Dim, type Dims, unknownDim } from './dim.ts';

/** Facts about a value that are known before the model runs. */
export interface ValueType {
  /** Its element type; `DataType.UNDEFINED` when unknown. */
  readonly type: number;
  /** Its shape, if known; axes may be symbolic. */
  readonly dims: Dims;
  /** Its elements, row-major, for small tensors (shapes, axes, scales) whose shape is known. */
  readonly value?: readonly Dim[] | undefined;
}

/** A value about which nothing is known. */
export const unknown: ValueType = { type: DataType.UNDEFINED, dims: undefined };

/** The type and shape that a model declares for a value. */
export function declaredType(info: ValueInfoProto): ValueType {
  return info.type ? fromTypeProto(info.type, info.name) : unknown;
}

function fromTypeProto(type: TypeProto, name: string): ValueType {
  if (type.value.case !== 'tensorType') return unknown;
  const { elemType, shape } = type.value.value;
  return {
    type: elemType,
    dims: shape?.dim.map((dim) => {
      if (dim.value.case === 'dimValue') {
        const size = Number(dim.value.value);
        if (size < 0 || !Number.isSafeInteger(size)) {
          throw fail(
            `the shape of "${name}" to have sizes of at least 0`,
            `a size of ${dim.value.value}`,
            'Declare a dynamic axis by name (dim_param), or export the model again.',
          );
        }
        return size;
      }
      return dim.value.case === 'dimParam' && dim.value.value !== '' ? `{${dim.value.value}}` : unknownDim();
    }),
  };
}

/** Combines the inferred and the declared type. Inferred facts take precedence; declared ones fill the gaps. */
export function merge(inferred: ValueType, declared: ValueType | undefined): ValueType {
  if (!declared) return inferred;
  const type = inferred.type || declared.type;
  if (!inferred.dims) return { ...inferred, type, dims: declared.dims };
  if (!declared.dims || declared.dims.length !== inferred.dims.length) return { ...inferred, type };
  const other = declared.dims;
  const dims = inferred.dims.map((dim, i) => {
    const said = other[i] as Dim;
    return typeof dim === 'string' && (typeof said === 'number' || dim.startsWith('?')) ? said : dim;
  });
  return { ...inferred, type, dims };
}

/** Whether every axis of a shape is a number. */
export function isStatic(dims: Dims): dims is readonly number[] {
  return dims?.every((dim) => typeof dim === 'number') ?? false;
}

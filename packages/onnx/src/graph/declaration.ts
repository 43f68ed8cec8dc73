import { create } from '@bufbuild/protobuf';
import {
  type TensorShapeProto_Dimension,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../generated/onnx_pb.ts';
import type { Dim, Dims } from './dim.ts';

/**
 * A symbolic axis keeps its name. A derived axis (such as `(1+{n})`) is written as its expression if `told` is set, and
 * left open otherwise. An unknown axis is always left open, because its generated name differs from build to build.
 */
function sizeOf(dim: Dim, told: boolean): TensorShapeProto_Dimension['value'] {
  if (typeof dim === 'number') return { case: 'dimValue', value: BigInt(dim) };
  if (/^\{[^{}]+\}$/.test(dim)) return { case: 'dimParam', value: dim.slice(1, -1) };
  return told && !dim.includes('?') ? { case: 'dimParam', value: dim } : { case: undefined };
}

/** Declares a value of the graph. */
export function declaration(name: string, type: number, dims: Dims, told = false): ValueInfoProto {
  const shape =
    dims &&
    create(TensorShapeProtoSchema, {
      dim: dims.map((dim) => create(TensorShapeProto_DimensionSchema, { value: sizeOf(dim, told) })),
    });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: {
        case: 'tensorType',
        value: create(TypeProto_TensorSchema, { elemType: type, ...(shape ? { shape } : {}) }),
      },
    }),
  });
}

import { create } from '@bufbuild/protobuf';
import { DataType } from '../format/dataType.ts';
import { isHalf, narrow } from '../format/half.ts';
import { makeTensor } from '../format/tensor.ts';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type NodeProto,
  type TensorProto,
  TensorProtoSchema,
} from '../generated/onnx_pb.ts';
import { makeNode } from './makeNode.ts';

/** A stored tensor of any float type. */
export function floatTensor(
  name: string,
  type: number,
  dims: readonly number[],
  values: Float32Array | Float64Array,
): TensorProto {
  if (!isHalf(type)) {
    return makeTensor(
      name,
      type,
      dims,
      type === DataType.FLOAT ? Float32Array.from(values) : Array.from(values),
    );
  }
  const bits = narrow(values, type);
  const rawData = new Uint8Array(bits.buffer as ArrayBuffer);
  return create(TensorProtoSchema, { name, dataType: type, dims: dims.map(BigInt), rawData });
}

/** A Constant node that holds one number. */
export function scalarNode(name: string, type: number, value: number): NodeProto {
  const t = floatTensor('', type, [], Float64Array.of(value));
  const node = makeNode('Constant', [], [name], {}, name);
  node.attribute.push(create(AttributeProtoSchema, { name: 'value', type: AttributeType.TENSOR, t }));
  return node;
}

import type { NodeProto } from '../generated/onnx_pb.ts';
import { int } from '../graph/attributes.ts';
import { DataType } from '../graph/dataType.ts';
import { broadcast, type Dims, unknownDim } from '../graph/dim.ts';
import type { GraphBuilder } from '../graph/graphBuilder.ts';
import { inputOf, sameAsInput } from '../graph/infer.ts';
import type { Infer, Operator, Operators } from '../graph/operator.ts';
import { convDims } from './conv.ts';
import { productDims } from './matmul.ts';

/** One output of a shape, with the type of input `from` or a fixed one. */
function shapedLike(
  dims: (node: NodeProto, b: GraphBuilder) => Dims,
  { from, type }: { readonly from?: number; readonly type?: number },
): Operator {
  const infer: Infer = (node, b) => [
    { type: type ?? b.type(inputOf(node, from ?? 0)).type, dims: dims(node, b) },
  ];
  return { infer };
}

const like =
  (input: number) =>
  (node: NodeProto, b: GraphBuilder): Dims =>
    b.dims(inputOf(node, input));

const product =
  (right: number) =>
  (node: NodeProto, b: GraphBuilder): Dims =>
    productDims(b.dims(inputOf(node, 0)), b.dims(inputOf(node, right)));

const elementwise = shapedLike((node, b) => broadcast(b.dims(inputOf(node, 0)), b.dims(inputOf(node, 3))), {
  from: 0,
});

/** A weight of few bits, packed: the attribute N says how many columns it has. */
const packedProduct = shapedLike(
  (node, b) => {
    const rows = b.dims(inputOf(node, 0))?.slice(0, -1);
    return rows && [...rows, int(node, 'N', 0) || unknownDim()];
  },
  { from: 0 },
);

const quantize: Operator = {
  infer: (node, b) => {
    const stored = b.type(inputOf(node, 2)).type;
    const type = stored || int(node, 'output_dtype', 0) || DataType.UINT8;
    return [{ type, dims: b.dims(inputOf(node, 0)) }];
  },
};
const dequantize = shapedLike(like(0), { from: 1 });
const { FLOAT: float, INT32: int32 } = DataType;

/**
 * Quantised operators: what they make of shapes, so that a float head over a frozen quantised body can be trained.
 * They have no gradient; their integers are steps, of which the slope is 0.
 */
export const quantized: Operators = {
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
  DynamicQuantizeLinear: {
    infer: (node, b) => [
      { type: DataType.UINT8, dims: b.dims(inputOf(node, 0)) },
      { type: float, dims: [] },
      { type: DataType.UINT8, dims: [] },
    ],
  },
  MatMulInteger: shapedLike(product(1), { type: int32 }),
  ConvInteger: shapedLike((node, b) => convDims(node, b), { type: int32 }),
  QLinearMatMul: shapedLike(product(3), { from: 7 }),
  QLinearConv: shapedLike((node, b) => convDims(node, b, 3), { from: 7 }),
  'com.microsoft:QuantizeLinear': quantize,
  'com.microsoft:DequantizeLinear': dequantize,
  'com.microsoft:MatMulNBits': packedProduct,
  'com.microsoft:MatMulBnb4': packedProduct,
  'com.microsoft:MatMulIntegerToFloat': shapedLike(product(1), { type: float }),
  'com.microsoft:DynamicQuantizeMatMul': shapedLike(product(1), { type: float }),
  'com.microsoft:QLinearAdd': elementwise,
  'com.microsoft:QLinearMul': elementwise,
  'com.microsoft:QLinearSigmoid': { infer: sameAsInput },
  'com.microsoft:QLinearLeakyRelu': { infer: sameAsInput },
  'com.microsoft:QLinearSoftmax': { infer: sameAsInput },
};

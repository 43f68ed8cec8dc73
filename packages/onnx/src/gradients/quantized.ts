import { int } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { broadcast, type Dims, unknownDim } from '../graph/dim.ts';
import type { Graph } from '../graph/graph.ts';
import { axisOf, inputOf, sameAsInput } from '../graph/infer.ts';
import type { Gradient, Infer, Operator, Operators } from '../graph/operator.ts';
import { convDims } from './conv.ts';
import { productDims } from './matmul.ts';

/** One output of a given shape. It has a fixed type, or the type of input `from`. */
function shapedLike(
  dims: (node: NodeProto, b: Graph) => Dims,
  { from, type }: { readonly from?: number; readonly type?: number },
): Operator {
  const infer: Infer = (node, b) => [
    { type: type ?? b.type(inputOf(node, from ?? 0)).type, dims: dims(node, b) },
  ];
  return { infer };
}

const like =
  (input: number) =>
  (node: NodeProto, b: Graph): Dims =>
    b.dims(inputOf(node, input));

const product =
  (right: number) =>
  (node: NodeProto, b: Graph): Dims =>
    productDims(b.dims(inputOf(node, 0)), b.dims(inputOf(node, right)));

const elementwise = shapedLike((node, b) => broadcast(b.dims(inputOf(node, 0)), b.dims(inputOf(node, 3))), {
  from: 0,
});

/** A product with a packed weight of a few bits per element. The attribute N is the number of its columns. */
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

/**
 * y = (x − zero)·scale over integers x. The scale's gradient is g·(x − zero), summed over the elements that share the
 * scale.
 */
const dequantizeBack: Gradient = (c) => {
  const { b, node, x, g } = c;
  const [steps, scale] = [x(0), x(1)];
  const dims = b.shape(steps);
  const perTensor = b.rank(scale) === 0;
  const block = int(node, 'block_size', 0);
  const attributes = { axis: int(node, 'axis', 1), block_size: block || undefined };
  const axis = axisOf(attributes.axis, dims.length);
  const inputs = [steps, b.onesLike(scale), inputOf(node, 2)];
  const distance = b.emit('DequantizeLinear', inputs, perTensor ? {} : attributes);
  const terms = b.mul(g(0), distance);
  if (perTensor) return [undefined, b.sumAll(terms)];
  if (block === 0) {
    const others = dims.flatMap((_, i) => (i === axis ? [] : [i]));
    return [undefined, b.reshapeLike(b.reduceSum(terms, others), scale)];
  }
  const length = dims[axis];
  if (typeof length !== 'number' || length % block !== 0)
    throw c.refuse('no gradient for scales of blocks whose size does not divide their axis');
  const sizes = dims.map((dim, i) => (typeof dim === 'number' ? dim : b.sizeAt(steps, i)));
  const parts = [...sizes.slice(0, axis), length / block, block, ...sizes.slice(axis + 1)];
  return [undefined, b.reduceSum(b.reshape(terms, b.shapeVector(parts)), [axis + 1])];
};

const dequantize: Operator = {
  ...shapedLike(like(0), { from: 1 }),
  differentiable: [1],
  // The scales of quantised tensors are trained only if `trainable` names them.
  storedAs: () => 'constant',
  gradient: dequantizeBack,
};
const { FLOAT: float, INT32: int32 } = DataType;

/**
 * Quantised operators. Their shapes are inferred, so that float layers after frozen quantised ones can be trained. The
 * scale of a stored tensor has a gradient. Other gradients do not exist here: to train weights before quantised
 * operators, `read/straightThrough.ts` replaces these operators by float operators.
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

import { int, ints, subgraph } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { loopParts, scanParts } from './controlFlow.ts';
import { productOf, unknownDim } from './dim.ts';
import { axisOf, inputOf } from './infer.ts';
import type { Infer, Operator } from './operator.ts';
import { roundedInteger } from './roundedInteger.ts';
import type { ValueType } from './value.ts';

/**
 * The domain of private operators, which gradients and losses use if ONNX has no suitable operator. `lower/` replaces
 * all of them by ONNX operators, so none leaves the package.
 */
export const privateDomain = 'clr';

/** Whether a node belongs to the private domain, which only `lower/` understands. */
export const isPrivate = ({ domain }: NodeProto): boolean => domain === privateDomain;

/** Infers that output i has the type and shape of input `inputs[i]`. */
const like =
  (...inputs: readonly number[]): Infer =>
  (node, graph) =>
    inputs.map((i) => {
      const { type, dims } = graph.type(inputOf(node, i));
      return { type, dims };
    });

/** The outputs of an If. Axes on which the branches differ become unknown. */
const inferIf: Infer = (node, graph) => {
  const [first, second] = ['then_branch', 'else_branch'].map((name) =>
    (subgraph(node, name)?.output ?? []).map((info) => graph.type(info.name)),
  ) as [ValueType[], ValueType[]];
  return first.map(({ type, dims }, i) => {
    const other = second[i]?.dims;
    const same = dims && other && dims.length === other.length;
    return {
      type,
      dims: same ? dims.map((dim, axis) => (dim === other[axis] ? dim : unknownDim())) : undefined,
    };
  });
};

/** The outputs of a Scan: the final states, then the body's per-step outputs, stacked along a new axis. */
const inferScan: Infer = (node, graph) => {
  const { states, scanned, body } = scanParts(node);
  const axes = ints(node, 'scan_output_axes') ?? [];
  const first = node.input[states] ?? '';
  const along = axisOf(ints(node, 'scan_input_axes')?.[0] ?? 0, graph.dims(first)?.length ?? 1);
  const length = (scanned > 0 ? graph.dims(first)?.[along] : undefined) ?? unknownDim();
  return body.output.map((info, i) => {
    const { type, dims } = graph.type(info.name);
    if (i < states || !dims) return { type, dims };
    const axis = axisOf(axes[i - states] ?? 0, dims.length + 1);
    return { type, dims: [...dims.slice(0, axis), length, ...dims.slice(axis)] };
  });
};

const inferLoop: Infer = (node, graph) => {
  const { states, body } = loopParts(node);
  const length = unknownDim();
  return body.output.slice(1).map((info, i) => {
    const { type, dims } = graph.type(info.name);
    return i < states || !dims ? { type, dims } : { type, dims: [length, ...dims] };
  });
};

/**
 * The private operators. Each comment lists the inputs in parentheses (those of the forward node first) and the
 * attributes in braces. g is the gradient of the output.
 */
export const privateOperators: Readonly<Record<`${typeof privateDomain}:${string}`, Operator>> = {
  /** (y, g): g where y = relu(x) is above 0, and 0 elsewhere. */
  'clr:ReluGrad': { infer: like(1) },

  /** (x, y, g) {the attributes of MaxPool}: the gradient of each window goes to the first of its maxima. */
  'clr:MaxPoolGrad': { infer: like(0) },

  /** (x, w, g) {kernel_shape, strides, dilations, pads, group}: a convolution's input gradient. */
  'clr:ConvInputGrad': { infer: like(0) },

  /** (x, w, g) {kernel_shape, strides, dilations, pads, group}: a convolution's weight gradient. */
  'clr:ConvWeightGrad': { infer: like(1) },

  /**
   * (x, scale, mean, variance, g) {epsilon}: the gradients of x, the scale and the bias of a batch normalisation in
   * training mode. The mean and the variance are those of the batch.
   */
  'clr:BatchNormGrad': { infer: like(0, 1, 1) },

  /** (x): reshapes and transposes [N, C, …] to [N, positions, C]. */
  'clr:ChannelsLast': {
    infer: (node, graph) => {
      const { type, dims } = graph.type(inputOf(node, 0));
      const [n, c, ...sizes] = dims ?? [];
      return [{ type, dims: n === undefined || c === undefined ? undefined : [n, productOf(sizes), c] }];
    },
  },

  /**
   * (x, y): returns y, which is x rounded. The gradient passes to x unchanged ("straight through", Bengio et al. 2013,
   * arXiv 1308.3432).
   */
  'clr:StraightThrough': {
    infer: like(1),
    differentiable: [0],
    zeroDerivative: { 1: 'a rounded value' },
    gradient: ({ g }) => [g(0)],
  },

  /**
   * (w, scale, zero?) {least, most}: (clip(round(w / scale) + zero) − zero) · scale, ties to even. The gradient passes
   * to w where nothing was clipped, as in PyTorch's fake_quantize.
   */
  'clr:RoundedWeight': {
    infer: like(0),
    differentiable: [0],
    zeroDerivative: { 1: 'the scale of stored integers', 2: 'the zero point of stored integers' },
    gradient: ({ b, node, g }) => {
      const { integer, least, most } = roundedInteger(b, node);
      const clipped = b.emit('Or', [
        b.less(integer, b.scalar(least, integer)),
        b.greater(integer, b.scalar(most, integer)),
      ]);
      return [b.where(clipped, b.scalar(0, g(0)), g(0))];
    },
  },

  /**
   * (condition, captured…) {then_branch, else_branch, captured}: ONNX's If. The outer values that its branches read are
   * additional inputs, and the attribute `captured` is their number.
   */
  'clr:If': { infer: inferIf },

  /** (states…, scanned…, captured…) {body, num_scan_inputs, scan_…_axes, scan_…_directions, captured}: ONNX's Scan. */
  'clr:Scan': { infer: inferScan },

  /** (rounds, condition, states…, captured…) {body, captured}: ONNX's Loop. */
  'clr:Loop': { infer: inferLoop },

  /**
   * (logits, target) {axis}: 1 where the first maximum of the logits along the axis is the target's class, else 0. The
   * result is float32, without that axis. The target holds either int64 classes or values in the logits' shape. In the
   * latter case, the class is the first maximum of the target. The default axis is 1.
   */
  'clr:IsCorrect': {
    infer: (node, graph) => {
      const dims = graph.dims(inputOf(node, 0));
      const classes = int(node, 'axis', 1);
      return [{ type: DataType.FLOAT, dims: dims?.filter((_, axis) => axis !== classes) }];
    },
  },
};

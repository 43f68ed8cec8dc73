import { int } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { productOf } from './dim.ts';
import { inputOf } from './infer.ts';
import type { Infer, Operator } from './operator.ts';

/**
 * The domain of operators that gradients and losses are written in where ONNX has none. `lower/` writes them in ONNX's
 * own; none leaves the package.
 */
export const privateDomain = 'clr';

/** Whether a node is one that only `lower/` understands. */
export const isPrivate = ({ domain }: NodeProto): boolean => domain === privateDomain;

/** Outputs that are like these inputs. */
const like =
  (...inputs: readonly number[]): Infer =>
  (node, graph) =>
    inputs.map((i) => {
      const { type, dims } = graph.type(inputOf(node, i));
      return { type, dims };
    });

/**
 * What each computes. In brackets its inputs, those of the way forth first, and its attributes; g is the gradient of the
 * output.
 */
export const privateOperators: Readonly<Record<`${typeof privateDomain}:${string}`, Operator>> = {
  /** (y, g): g where y = relu(x) is above 0, and 0 elsewhere. */
  'clr:ReluGrad': { infer: like(1) },

  /** (x, y, g) {MaxPool's}: each window's gradient at the element that was its maximum, the first one. */
  'clr:MaxPoolGrad': { infer: like(0) },

  /** (x, w, g) {kernel_shape, strides, dilations, pads, group}: the gradient of a convolution's input x. */
  'clr:ConvInputGrad': { infer: like(0) },

  /** (x, w, g) {kernel_shape, strides, dilations, pads, group}: the gradient of a convolution's kernel w. */
  'clr:ConvWeightGrad': { infer: like(1) },

  /**
   * (x, scale, mean, variance, g) {epsilon}: the gradients of x, of the scale and of the bias of a batch normalisation in
   * training form, whose batch has this mean and this variance.
   */
  'clr:BatchNormGrad': { infer: like(0, 1, 1) },

  /** (x): [N, C, …] as [N, ·, C]. */
  'clr:ChannelsLast': {
    infer: (node, graph) => {
      const { type, dims } = graph.type(inputOf(node, 0));
      const [n, c, ...sizes] = dims ?? [];
      return [{ type, dims: n === undefined || c === undefined ? undefined : [n, productOf(sizes), c] }];
    },
  },

  /**
   * (x, y): y, whose gradient goes to x as it is, where y is x rounded ("straight through", Bengio et al. 2013,
   * arXiv 1308.3432).
   */
  'clr:StraightThrough': {
    infer: like(1),
    differentiable: [0],
    zeroDerivative: { 1: 'a rounded value' },
    gradient: ({ g }) => [g(0)],
  },

  /**
   * (logits, target) {axis}: 1 where the first maximum of the logits along the axis is the class of the target, else 0:
   * float32, without that axis. The target holds classes, int64 of the same shape, or has the logits' shape and its own
   * first maximum counts. The axis is 1 unless it is given.
   */
  'clr:IsCorrect': {
    infer: (node, graph) => {
      const dims = graph.dims(inputOf(node, 0));
      const classes = int(node, 'axis', 1);
      return [{ type: DataType.FLOAT, dims: dims?.filter((_, axis) => axis !== classes) }];
    },
  },
};

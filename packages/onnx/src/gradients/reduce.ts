import { int } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import type { Dim } from '../graph/dim.ts';
import { unknownDim } from '../graph/dim.ts';
import type { Graph } from '../graph/graph.ts';
import { axesOf, axisOf, dropAxes, inputOf, shaped } from '../graph/infer.ts';
import type { GradientContext, Infer, Operator, Operators } from '../graph/operator.ts';

/** The axes that a Reduce* node reduces. They are `undefined` if they are known only at run time. */
function reducedAxes(node: NodeProto, rank: number, b: Graph): number[] | undefined {
  const given = inputOf(node, 1);
  const axes = given === '' ? [] : b.numbers(given);
  if (axes === undefined) return undefined;
  if (axes.length > 0) return axesOf(axes, rank);
  return int(node, 'noop_with_empty_axes', 0) ? [] : Array.from({ length: rank }, (_, i) => i);
}

const reduced: Infer = (node, b) => {
  const { type, dims } = b.type(inputOf(node, 0));
  const keep = int(node, 'keepdims', 1) === 1;
  const axes = dims && reducedAxes(node, dims.length, b);
  if (dims && !axes) {
    const count = b.dims(inputOf(node, 1))?.[0];
    const rank = keep ? dims.length : typeof count === 'number' ? dims.length - count : undefined;
    return [{ type, dims: rank === undefined ? undefined : Array.from({ length: rank }, unknownDim) }];
  }
  return [{ type, dims: dims && axes && dropAxes(dims, axes, keep) }];
};

/** The reduced axes, and a function that restores them with size 1 in a reduced value. */
function axesAndKept(c: GradientContext): { axes: number[]; kept: (value: string) => string } {
  const { b, node, x } = c;
  const axes = reducedAxes(node, b.rank(x(0)), b);
  if (!axes)
    throw c.refuse('its axes are computed while the model runs', 'Export the model with constant axes.');
  const keep = int(node, 'keepdims', 1) === 1;
  return { axes, kept: (value) => (keep ? value : b.unsqueeze(value, axes)) };
}

/**
 * A reduction. `slope` computes the gradient from x, y and g. In y and g, the reduced axes are restored with size 1.
 */
function reduction(
  slope: (c: GradientContext, x: string, y: string, g: string, axes: number[]) => string,
): Operator {
  return {
    infer: reduced,
    differentiable: [0],
    zeroDerivative: { 1: 'axes' },
    gradient: (c) => {
      const { axes, kept } = axesAndKept(c);
      return [slope(c, c.x(0), kept(c.y(0)), kept(c.g(0)), axes)];
    },
  };
}

/** The number of elements in each mean, as a float scalar. */
function group({ b }: GradientContext, x: string, axes: readonly number[]): string {
  const sizes = axes.map((axis) => b.shape(x)[axis] as Dim);
  if (sizes.every((size) => typeof size === 'number')) {
    return b.scalar(
      sizes.reduce<number>((n, size) => n * (size as number), 1),
      x,
    );
  }
  const vector = b.concat(
    axes.map((axis) => b.sizeAt(x, axis)),
    0,
  );
  return b.castLike(b.emit('ReduceProd', [vector], { keepdims: 0 }), x);
}

/** The maximum or minimum. If several elements equal it, they share the gradient evenly, as in PyTorch's amax. */
const extremum = reduction(({ b }, x, y, g, axes) => {
  const hit = b.castLike(b.equal(x, y), x);
  return b.mul(hit, b.div(g, b.reduceSum(hit, axes, true)));
});

const position: Operator = {
  gradient: 'none',
  infer: shaped((node, dims) => {
    const axis = axisOf(int(node, 'axis', 0), dims.length);
    return dropAxes(dims, [axis], int(node, 'keepdims', 1) === 1);
  }, DataType.INT64),
};

/** Reductions over axes. */
export const reduce: Operators = {
  ReduceSum: reduction(({ b }, x, _y, g) => b.expandLike(g, x)),
  ReduceMean: reduction((c, x, _y, g, axes) => c.b.expandLike(c.b.div(g, group(c, x, axes)), x)),
  ReduceMax: extremum,
  ReduceMin: extremum,
  // The derivative is the product of the other elements. If exactly one element is 0, only that one has a slope.
  ReduceProd: reduction(({ b }, x, _y, g, axes) => {
    const zero = b.scalar(0, x);
    const one = b.scalar(1, x);
    const isZero = b.equal(x, zero);
    const zeros = b.reduceSum(b.castLike(isZero, x), axes, true);
    const filled = b.where(isZero, one, x);
    const rest = b.div(b.reduce('ReduceProd', filled, axes, true), filled);
    const slope = b.where(
      isZero,
      b.maskWith(b.equal(zeros, one), rest),
      b.maskWith(b.equal(zeros, zero), rest),
    );
    return b.mul(g, slope);
  }),
  ReduceL1: reduction(({ b }, x, _y, g) => b.mul(g, b.sign(x))),
  // The slope at the origin is 0, as for PyTorch's norm.
  ReduceL2: reduction(({ b }, x, y, g) => {
    const isZero = b.equal(y, b.scalar(0, y));
    return b.mul(x, b.div(b.where(isZero, b.scalar(0, g), g), b.where(isZero, b.scalar(1, y), y)));
  }),
  ReduceLogSum: reduction(({ b }, x, y, g) => b.expandLike(b.div(g, b.exp(y)), x)),
  ReduceLogSumExp: reduction(({ b }, x, y, g) => b.mul(g, b.exp(b.sub(x, y)))),
  ReduceSumSquare: reduction(({ b }, x, _y, g) => b.mul(b.mul(g, b.scalar(2, g)), x)),
  ArgMax: position,
  ArgMin: position,
};

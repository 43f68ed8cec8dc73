import { attribute, int } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import { type Dim, unknownDim } from '../graph/dim.ts';
import { axisOf, inputOf } from '../graph/infer.ts';
import type { GradientContext, Infer, Operators } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';
import { scatterAlong } from './scatterAt.ts';

/** The input's shape with an unknown size along the axis, or a vector of unknown length if there is no axis. */
const picked: Infer = (node, b) => {
  const { type, dims } = b.type(inputOf(node, 0));
  const count = unknownDim();
  const axis = attribute(node, 'axis') ? int(node, 'axis', 0) : undefined;
  const at = dims && axis !== undefined ? axisOf(axis, dims.length) : undefined;
  const result = axis === undefined ? [count] : dims?.map((dim, i): Dim => (i === at ? count : dim));
  return [
    { type, dims: result },
    ...node.output.slice(1).map(() => ({ type: DataType.INT64, dims: [unknownDim()] })),
  ];
};

/**
 * Puts the slices of the gradient at the positions from which the forward pass took them. Without an axis, the slices
 * are single elements.
 */
function putBack({ b, node, x, g }: GradientContext, positions: (b: Ops) => string): string {
  const axis = attribute(node, 'axis') ? axisOf(int(node, 'axis', 0), b.rank(x(0))) : undefined;
  if (axis !== undefined) return scatterAlong(b, g(0), positions(b), axis, b.sizeAt(x(0), axis), true);
  const length = b.reshape(b.count(x(0)), [1]);
  return b.reshapeLike(scatterAlong(b, g(0), positions(b), 0, length, true), x(0));
}

/** Operators that select elements depending on the data. */
export const select: Operators = {
  Compress: {
    infer: picked,
    differentiable: [0],
    zeroDerivative: { 1: 'a condition' },
    gradient: (c) => [putBack(c, (b) => b.reshape(b.emit('NonZero', [c.x(1)]), [-1]))],
  },
  // The gradient goes to the first of several equal elements.
  Unique: {
    infer: picked,
    differentiable: [0],
    gradient: (c) => {
      const { b, node, y } = c;
      let first = node.output[1] ?? '';
      if (first === '') {
        first = b.declare(b.uniqueName('Indices'), DataType.INT64, [unknownDim()]);
        node.output = [y(0), first, ...node.output.slice(2)];
      }
      return [putBack(c, () => first)];
    },
  },
};

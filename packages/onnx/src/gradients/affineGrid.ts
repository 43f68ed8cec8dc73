import { int } from '../format/attributes.ts';
import { unknownDim } from '../graph/dim.ts';
import { inputOf } from '../graph/infer.ts';
import type { GradientContext, Infer, Operators } from '../graph/operator.ts';

const infer: Infer = (node, b) => {
  const { type, dims } = b.type(inputOf(node, 0));
  const axes = dims?.[1];
  const size = b.value(inputOf(node, 1));
  if (!dims || typeof axes !== 'number') return [{ type, dims: undefined }];
  const sizes = Array.from({ length: axes }, (_, i) => size?.[i + 2] ?? unknownDim());
  return [{ type, dims: [dims[0] ?? unknownDim(), ...sizes, axes] }];
};

/** Each position is θ·(x, y, …, 1), so dθ = Σ g·(x, y, …, 1)ᵀ. The grid of the identity matrix gives x and y. */
function back(c: GradientContext): string[] {
  const { b, node, x, g } = c;
  const axes = b.shape(x(0))[1];
  if (axes !== 2 && axes !== 3) throw c.refuse('the number of its axes is known only while the model runs');
  const values = Array.from({ length: axes * (axes + 1) }, (_, k) =>
    Math.floor(k / (axes + 1)) === k % (axes + 1) ? 1 : 0,
  );
  const identity = b.literal(b.type(x(0)).type, [1, axes, axes + 1], values);
  const one = b.concat([b.ints([1]), b.slice(x(1), [1], [axes + 2], [0])], 0);
  const grid = b.emit('AffineGrid', [identity, one], { align_corners: int(node, 'align_corners', 0) });
  const points = b.reshape(grid, [-1, axes]);
  const ones = b.onesLike(b.slice(points, [0], [1], [1]));
  const gradient = b.transposeLast(b.reshape(g(0), [0, -1, axes]));
  return [b.matmul(gradient, b.concat([points, ones], 1))];
}

/** Sampling grids for GridSample, from affine matrices. */
export const affineGrid: Operators = {
  AffineGrid: { infer, differentiable: [0], zeroDerivative: { 1: 'a shape' }, gradient: back },
};

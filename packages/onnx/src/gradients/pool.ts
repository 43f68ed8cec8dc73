import { int, ints } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import type { Dim } from '../graph/dim.ts';
import { inputOf, shaped } from '../graph/infer.ts';
import type { GradientContext, Infer, Operator, Operators } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';
import { isStatic } from '../graph/value.ts';
import { places, windowOf } from '../graph/window.ts';
import { averageBack, windowSumBack } from './separable.ts';
import { settlePool as settle } from './settlePool.ts';

const pooled: Infer = (node, b) => {
  const kernel = ints(node, 'kernel_shape') ?? [];
  b.assumeRank(inputOf(node, 0), kernel.length + 2);
  const { type, dims } = b.type(inputOf(node, 0));
  const window = windowOf(node, b, kernel);
  const ceil = int(node, 'ceil_mode', 0) === 1;
  const result = dims && [
    ...dims.slice(0, 2),
    ...dims.slice(2).map((size, i) => places(window, i, size, ceil)),
  ];
  return [
    { type, dims: result },
    { type: DataType.INT64, dims: result },
  ];
};

/**
 * In the gradient of a mean, each element gets the same share. The model stores a tensor filled with this share if the
 * tensor has at most this many elements.
 */
const maxShares = 1 << 14;

const globalPooled = shaped((_node, dims) => dims.map((dim, i) => (i < 2 ? dim : 1)));

/** Every element gets the same share. Multiplying by a filled tensor is faster than Expand. */
function globalAverageBack({ b, x, g }: GradientContext): string {
  const sizes: readonly Dim[] = b.shape(x(0)).slice(2);
  const count = isStatic(sizes) ? sizes.reduce((n, size) => n * size, 1) : Number.POSITIVE_INFINITY;
  if (!isStatic(sizes) || count > maxShares) return b.expandLike(b.div(g(0), area(b, x(0))), x(0));
  return b.mul(g(0), b.literal(b.type(g(0)).type, sizes, Array(count).fill(1 / count)));
}

/** The number of elements that a global pool reduces, as a float scalar. */
function area(b: Ops, x: string): string {
  const sizes = b.shape(x).slice(2);
  if (sizes.every((size) => typeof size === 'number')) {
    return b.scalar(
      sizes.reduce<number>((n, size) => n * (size as number), 1),
      x,
    );
  }
  return b.castLike(b.emit('ReduceProd', [b.emit('Shape', [x], { start: 2 })], { keepdims: 0 }), x);
}

/** The slope of (Σ|x|ᵖ)^(1/p): |x|^(p−1)·sign x·y^(1−p), and 0 where y is 0. */
function normSlope(b: Ops, x: string, share: string, p: number): string {
  if (p === 1) return b.mul(share, b.sign(x));
  if (p === 2) return b.mul(share, x);
  return b.mul(share, b.mul(b.sign(x), b.pow(b.abs(x), b.scalar(p - 1, x))));
}

function normShare(b: Ops, y: string, g: string, p: number): string {
  if (p === 1) return g;
  const zero = b.equal(y, b.scalar(0, y));
  const safe = b.where(zero, b.scalar(1, y), y);
  return b.maskWith(b.emit('Not', [zero]), b.div(g, b.pow(safe, b.scalar(p - 1, y))));
}

const globalMax: Operator = {
  infer: globalPooled,
  differentiable: [0],
  // The first maximum gets the whole gradient, as in PyTorch's adaptive pool of size 1.
  gradient: ({ b, x, g }) => {
    const flat = b.reshape(x(0), [0, 0, -1]);
    const first = b.emit('ArgMax', [flat], { axis: 2, keepdims: 1 });
    const grads = b.reshape(g(0), [0, 0, 1]);
    const scattered = b.emit('ScatterElements', [b.zerosLike(flat), first, grads], { axis: 2 });
    return [b.reshapeLike(scattered, x(0))];
  },
};

/** Pools. */
export const pool: Operators = {
  MaxPool: {
    infer: pooled,
    settle,
    gradient: ({ b, node, x, y, g }) => [b.emitFrom('clr:MaxPoolGrad', [x(0), y(0), g(0)], node.attribute)],
    differentiable: [0],
  },
  AveragePool: {
    infer: pooled,
    settle,
    gradient: (c) => [averageBack(c, c.g(0))],
    differentiable: [0],
  },
  LpPool: {
    infer: pooled,
    differentiable: [0],
    settle,
    gradient: (c) => {
      const { b, node, x, y, g } = c;
      const p = int(node, 'p', 2);
      const share = normShare(b, y(0), g(0), p);
      return [normSlope(b, x(0), windowSumBack(c, share), p)];
    },
  },
  GlobalAveragePool: {
    infer: globalPooled,
    gradient: (c) => [globalAverageBack(c)],
    differentiable: [0],
  },
  GlobalMaxPool: globalMax,
  GlobalLpPool: {
    infer: globalPooled,
    differentiable: [0],
    gradient: ({ b, node, x, y, g }) => {
      const p = int(node, 'p', 2);
      return [normSlope(b, x(0), normShare(b, y(0), g(0), p), p)];
    },
  },
};

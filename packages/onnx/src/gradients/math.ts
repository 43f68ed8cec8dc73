import { mapDim, subDim } from '../graph/dim.ts';
import { inputOf, sameAsInput } from '../graph/infer.ts';
import type { Gradient, Infer, Operator, Operators } from '../graph/operator.ts';
import { pointwise } from './activation.ts';

/** An element-wise function that is constant almost everywhere, so its derivative is 0. */
const flat: Operator = { infer: sameAsInput, gradient: 'none' };

/** Infers a rounding operator. Known sizes are rounded too, because exporters scale shapes in float. */
const rounded =
  (name: string, f: (value: number) => number): Infer =>
  (node, b) => {
    const { type, dims, value } = b.type(inputOf(node, 0));
    return [{ type, dims, value: value?.map((size) => mapDim(size, name, f)) }];
  };

/**
 * min(max(x, low), high). Inside the bounds and at them, the gradient goes to x (PyTorch's convention). Outside, it
 * goes to the bound that applies; if low > high, that is always the upper bound.
 */
const clipBack: Gradient = ({ b, node, x, g, needs }) => {
  const [low, high] = [inputOf(node, 1), inputOf(node, 2)];
  const both = low !== '' && high !== '';
  const inside = (): string => {
    let passed = g(0);
    if (low !== '') passed = b.maskWith(b.emit('GreaterOrEqual', [x(0), low]), passed);
    if (high !== '') passed = b.maskWith(b.emit('LessOrEqual', [x(0), high]), passed);
    return passed;
  };
  const below = (): string => {
    const meets = b.less(x(0), low);
    return both ? b.emit('And', [meets, b.emit('LessOrEqual', [low, high])]) : meets;
  };
  const above = (): string => {
    const meets = b.greater(x(0), high);
    return both ? b.emit('Or', [meets, b.greater(low, high)]) : meets;
  };
  return [
    needs(0) ? inside() : undefined,
    needs(1) ? b.sumTo(b.maskWith(below(), g(0)), low) : undefined,
    needs(2) ? b.sumTo(b.maskWith(above(), g(0)), high) : undefined,
  ];
};

/** Element-wise functions. */
export const math: Operators = {
  Neg: {
    infer: (node, b) => {
      const { type, dims, value } = b.type(inputOf(node, 0));
      return [{ type, dims, value: value?.map((v) => subDim(0, v)) }];
    },
    gradient: ({ b, g }) => [b.neg(g(0))],
    differentiable: [0],
  },
  Abs: pointwise(({ b }, x, _y, g) => b.mul(g, b.sign(x))),
  Exp: pointwise(({ b }, _x, y, g) => b.mul(g, y)),
  Log: pointwise(({ b }, x, _y, g) => b.div(g, x)),
  // The derivative at 0 is infinite. Using 0 instead keeps composed distances and norms trainable, as PyTorch's own
  // norm is.
  Sqrt: pointwise(({ b }, _x, y, g) => {
    const isZero = b.equal(y, b.scalar(0, y));
    const slope = b.div(b.mul(g, b.scalar(0.5, y)), b.where(isZero, b.scalar(1, y), y));
    return b.where(isZero, b.scalar(0, y), slope);
  }),
  Reciprocal: pointwise(({ b }, _x, y, g) => b.neg(b.mul(g, b.square(y)))),
  Erf: pointwise(({ b }, x, _y, g) =>
    b.mul(b.mul(g, b.exp(b.neg(b.square(x)))), b.scalar(2 / Math.sqrt(Math.PI), x)),
  ),
  Sin: pointwise(({ b }, x, _y, g) => b.mul(g, b.emit('Cos', [x]))),
  Cos: pointwise(({ b }, x, _y, g) => b.neg(b.mul(g, b.emit('Sin', [x])))),
  Tan: pointwise(({ b }, _x, y, g) => b.mul(g, b.add(b.square(y), b.scalar(1, y)))),
  Asin: pointwise(({ b }, x, _y, g) => b.div(g, b.sqrt(b.sub(b.scalar(1, x), b.square(x))))),
  Acos: pointwise(({ b }, x, _y, g) => b.neg(b.div(g, b.sqrt(b.sub(b.scalar(1, x), b.square(x)))))),
  Atan: pointwise(({ b }, x, _y, g) => b.div(g, b.add(b.square(x), b.scalar(1, x)))),
  Sinh: pointwise(({ b }, x, _y, g) => b.mul(g, b.emit('Cosh', [x]))),
  Cosh: pointwise(({ b }, x, _y, g) => b.mul(g, b.emit('Sinh', [x]))),
  Asinh: pointwise(({ b }, x, _y, g) => b.div(g, b.sqrt(b.add(b.square(x), b.scalar(1, x))))),
  Acosh: pointwise(({ b }, x, _y, g) => b.div(g, b.sqrt(b.sub(b.square(x), b.scalar(1, x))))),
  Atanh: pointwise(({ b }, x, _y, g) => b.div(g, b.sub(b.scalar(1, x), b.square(x)))),
  Clip: {
    infer: sameAsInput,
    gradient: clipBack,
    differentiable: [0, 1, 2],
    storedAs: (input) => (input === 0 ? 'weight' : 'constant'),
  },
  Floor: { infer: rounded('floor', Math.floor), gradient: 'none' },
  Ceil: { infer: rounded('ceil', Math.ceil), gradient: 'none' },
  Round: flat,
  Sign: flat,
};

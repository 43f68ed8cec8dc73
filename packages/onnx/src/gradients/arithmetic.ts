import { int } from '../format/attributes.ts';
import { isFloat } from '../format/dataType.ts';
import { addDim, broadcast, type Dim, divDim, mulDim, ratioDim, subDim } from '../graph/dim.ts';
import { broadcastInputs, inputOf } from '../graph/infer.ts';
import { broadcastValue } from '../graph/mapElements.ts';
import type { Gradient, Infer, Operator, Operators } from '../graph/operator.ts';

/**
 * Infers the type and shape of a broadcasting operator. If the operands' elements are known, it also computes the
 * result's elements, because models compute shapes and scales with these operators.
 */
function following(f: (a: Dim, b: Dim) => Dim, ofFloats: (a: Dim, b: Dim) => Dim = f): Infer {
  return (node, b) => {
    const left = b.type(inputOf(node, 0));
    const right = b.type(inputOf(node, 1));
    const dims = broadcast(left.dims, right.dims);
    const [xs, ys] = [broadcastValue(left, dims), broadcastValue(right, dims)];
    const apply = isFloat(left.type) ? ofFloats : f;
    return [{ type: left.type, dims, value: xs && ys && xs.map((x, i) => apply(x, ys[i] as Dim)) }];
  };
}

/** The smallest or largest of several operands. The gradient goes to the first operand that equals the result. */
const extremum: Gradient = ({ b, node, x, y, g, needs }) => {
  let free: string | undefined;
  return node.input.map((_, i) => {
    const hit = b.equal(x(i), y(0));
    const mine = free === undefined ? hit : b.emit('And', [hit, free]);
    const miss = b.emit('Not', [hit]);
    free = free === undefined ? miss : b.emit('And', [miss, free]);
    return needs(i) ? b.sumTo(b.maskWith(mine, g(0)), x(i)) : undefined;
  });
};

const total: Gradient = ({ b, node, x, g, needs }) =>
  node.input.map((_, i) => (needs(i) ? b.sumTo(g(0), x(i)) : undefined));

const flat: Operator = { infer: broadcastInputs, gradient: 'none' };

/** Element-wise arithmetic with broadcasting. */
export const arithmetic: Operators = {
  Add: { infer: following(addDim), gradient: total, differentiable: 'all' },
  Sum: { infer: broadcastInputs, gradient: total, differentiable: 'all' },
  Mean: {
    infer: broadcastInputs,
    differentiable: 'all',
    gradient: ({ b, node, x, g, needs }) => {
      const share = b.mul(g(0), b.scalar(1 / node.input.length, g(0)));
      return node.input.map((_, i) => (needs(i) ? b.sumTo(share, x(i)) : undefined));
    },
  },
  Sub: {
    infer: following(subDim),
    differentiable: [0, 1],
    gradient: ({ b, x, g, needs }) => [
      needs(0) ? b.sumTo(g(0), x(0)) : undefined,
      needs(1) ? b.sumTo(b.neg(g(0)), x(1)) : undefined,
    ],
  },
  Mul: {
    infer: following(mulDim),
    differentiable: [0, 1],
    gradient: ({ b, x, g, needs }) => [
      needs(0) ? b.sumTo(b.mul(g(0), x(1)), x(0)) : undefined,
      needs(1) ? b.sumTo(b.mul(g(0), x(0)), x(1)) : undefined,
    ],
  },
  Div: {
    infer: following(divDim, ratioDim),
    differentiable: [0, 1],
    gradient: ({ b, x, y, g, needs }) => {
      const share = b.div(g(0), x(1));
      return [
        needs(0) ? b.sumTo(share, x(0)) : undefined,
        needs(1) ? b.sumTo(b.neg(b.mul(share, y(0))), x(1)) : undefined,
      ];
    },
  },
  Pow: {
    infer: broadcastInputs,
    differentiable: [0, 1],
    // A stored scalar exponent is usually the 2 of a square. Training it would need the logarithm of negative numbers.
    storedAs: (input, dims) => (input === 1 && dims.length === 0 ? 'constant' : 'weight'),
    gradient: ({ b, x, y, g, needs }) => {
      const constant = b.constant(x(1));
      const exponent = constant?.values.length === 1 ? (constant.values[0] as number) : undefined;
      const power = b.castLike(x(1), x(0));
      // The exponents 0, 1 and 2 are common, and their slopes are exact without Pow. An exponent of 0 gives slope 0.
      const base = (): string => {
        if (exponent === 0) return b.mul(g(0), b.scalar(0, x(0)));
        if (exponent === 1) return g(0);
        if (exponent === 2) return b.mul(g(0), b.mul(x(0), b.scalar(2, x(0))));
        const slopeAt = (at: string): string => b.mul(power, b.pow(at, b.sub(power, b.scalar(1, x(0)))));
        if (exponent !== undefined && exponent > 0 && exponent < 1) {
          // The slope of a root at 0 is taken as 0, as for the square root.
          const isZero = b.equal(x(0), b.scalar(0, x(0)));
          const away = b.where(isZero, b.scalar(1, x(0)), x(0));
          return b.mul(g(0), b.where(isZero, b.scalar(0, x(0)), slopeAt(away)));
        }
        const slope = slopeAt(x(0));
        const safe =
          exponent === undefined
            ? b.where(b.equal(power, b.scalar(0, power)), b.scalar(0, power), slope)
            : slope;
        return b.mul(g(0), safe);
      };
      // The derivative with respect to the exponent is y · ln x. Where x is 0, it is taken as 0.
      const raised = (): string => {
        const zero = b.scalar(0, x(0));
        const log = b.log(b.where(b.equal(x(0), zero), b.scalar(1, x(0)), x(0)));
        return b.mul(g(0), b.mul(y(0), log));
      };
      return [needs(0) ? b.sumTo(base(), x(0)) : undefined, needs(1) ? b.sumTo(raised(), x(1)) : undefined];
    },
  },
  Min: { infer: broadcastInputs, gradient: extremum, differentiable: 'all' },
  Max: { infer: broadcastInputs, gradient: extremum, differentiable: 'all' },
  // Mod is a − b·floor(a/b). If `fmod` is set, the result has the sign of a.
  Mod: {
    infer: broadcastInputs,
    differentiable: [0, 1],
    gradient: ({ b, node, x, g, needs }) => {
      const ratio = b.div(x(0), x(1));
      const towardsZero = b.mul(b.sign(ratio), b.emit('Floor', [b.abs(ratio)]));
      const whole = int(node, 'fmod', 0) === 1 ? towardsZero : b.emit('Floor', [ratio]);
      return [
        needs(0) ? b.sumTo(g(0), x(0)) : undefined,
        needs(1) ? b.sumTo(b.neg(b.mul(g(0), whole)), x(1)) : undefined,
      ];
    },
  },
  BitShift: flat,
};

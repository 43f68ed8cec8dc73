import { float, text } from '../format/attributes.ts';
import { sameAsInput } from '../graph/infer.ts';
import type { Gradient, GradientContext, Operator, Operators } from '../graph/operator.ts';

/** An element-wise operator. `derivative` computes the input's gradient from x, y and g. */
export function pointwise(
  derivative: (c: GradientContext, x: string, y: string, g: string) => string,
): Operator {
  const gradient: Gradient = (c) => [derivative(c, c.x(0), c.y(0), c.g(0))];
  return { infer: sameAsInput, gradient, differentiable: [0] };
}

const attr = (c: GradientContext, name: string, preset: number): number => float(c.node, name, preset);

/** The derivative of x·Φ(x): Φ(x) + x·φ(x). */
function geluErf({ b }: GradientContext, x: string): string {
  const phi = b.mul(b.exp(b.mul(b.square(x), b.scalar(-0.5, x))), b.scalar(1 / Math.sqrt(2 * Math.PI), x));
  const erf = b.emit('Erf', [b.mul(x, b.scalar(Math.SQRT1_2, x))]);
  const Phi = b.mul(b.add(erf, b.scalar(1, x)), b.scalar(0.5, x));
  return b.add(Phi, b.mul(x, phi));
}

/** The derivative of 0.5·x·(1 + tanh(u)), u = √(2/π)·(x + 0.044715·x³). */
function geluTanh({ b }: GradientContext, x: string): string {
  const k = Math.sqrt(2 / Math.PI);
  const x2 = b.square(x);
  const u = b.mul(b.mul(x, b.add(b.mul(x2, b.scalar(0.044715, x)), b.scalar(1, x))), b.scalar(k, x));
  const t = b.emit('Tanh', [u]);
  const du = b.mul(b.add(b.mul(x2, b.scalar(3 * 0.044715, x)), b.scalar(1, x)), b.scalar(k, x));
  const one = b.scalar(1, x);
  const half = b.scalar(0.5, x);
  const slope = b.mul(b.mul(b.mul(x, b.sub(one, b.square(t))), du), half);
  return b.add(b.mul(b.add(t, one), half), slope);
}

/** The derivative of x·σ(αx): σ(αx)·(1 + αx·(1 − σ(αx))). */
function swish({ b }: GradientContext, x: string, alpha: number): string {
  const scaled = alpha === 1 ? x : b.mul(x, b.scalar(alpha, x));
  const s = b.emit('Sigmoid', [scaled]);
  const one = b.scalar(1, x);
  return b.mul(s, b.add(one, b.mul(scaled, b.sub(one, s))));
}

/** True where 0 < slope·x + offset < 1: the linear part of a hard sigmoid. */
function inLinearPart({ b }: GradientContext, x: string, alpha: number, beta: number): string {
  const line = b.add(b.mul(x, b.scalar(alpha, x)), b.scalar(beta, x));
  return b.emit('And', [b.greater(line, b.scalar(0, x)), b.less(line, b.scalar(1, x))]);
}

/** Activation functions. */
export const activation: Operators = {
  Relu: pointwise(({ b }, _x, y, g) => b.emit('clr:ReluGrad', [y, g])),
  LeakyRelu: pointwise((c, x, _y, g) => {
    const { b } = c;
    return b.where(b.greater(x, b.scalar(0, x)), g, b.mul(g, b.scalar(attr(c, 'alpha', 0.01), x)));
  }),
  ThresholdedRelu: pointwise((c, x, _y, g) =>
    c.b.maskWith(c.b.greater(x, c.b.scalar(attr(c, 'alpha', 1), x)), g),
  ),
  PRelu: {
    infer: sameAsInput,
    differentiable: [0, 1],
    gradient: ({ b, x, g, needs }) => {
      const positive = b.greater(x(0), b.scalar(0, x(0)));
      return [
        needs(0) ? b.where(positive, g(0), b.mul(g(0), x(1))) : undefined,
        needs(1) ? b.sumTo(b.where(positive, b.scalar(0, x(0)), b.mul(g(0), x(0))), x(1)) : undefined,
      ];
    },
  },
  // For x < 0, y = α·(eˣ − 1), so the slope there is y + α.
  Elu: pointwise((c, x, y, g) => {
    const { b } = c;
    const slope = b.add(y, b.scalar(attr(c, 'alpha', 1), x));
    return b.where(b.greater(x, b.scalar(0, x)), g, b.mul(g, slope));
  }),
  Selu: pointwise((c, x, y, g) => {
    const { b } = c;
    const gamma = attr(c, 'gamma', 1.0507010221481323);
    const slope = b.add(y, b.scalar(gamma * attr(c, 'alpha', 1.6732631921768188), x));
    return b.mul(g, b.where(b.greater(x, b.scalar(0, x)), b.scalar(gamma, x), slope));
  }),
  Celu: pointwise((c, x, y, g) => {
    const { b } = c;
    const slope = b.add(b.div(y, b.scalar(attr(c, 'alpha', 1), x)), b.scalar(1, x));
    return b.where(b.greater(x, b.scalar(0, x)), g, b.mul(g, slope));
  }),
  Sigmoid: pointwise(({ b }, _x, y, g) => b.mul(g, b.mul(y, b.sub(b.scalar(1, y), y)))),
  HardSigmoid: pointwise((c, x, _y, g) => {
    const alpha = attr(c, 'alpha', 0.2);
    const linear = inLinearPart(c, x, alpha, attr(c, 'beta', 0.5));
    return c.b.maskWith(linear, c.b.mul(g, c.b.scalar(alpha, x)));
  }),
  // x·clip(x/6 + 1/2): slope x/3 + 1/2 in the middle, 1 on the right, 0 on the left.
  HardSwish: pointwise(({ b }, x, _y, g) => {
    const middle = b.add(b.mul(x, b.scalar(1 / 3, x)), b.scalar(0.5, x));
    const right = b.where(b.less(x, b.scalar(3, x)), middle, b.scalar(1, x));
    return b.mul(g, b.maskWith(b.greater(x, b.scalar(-3, x)), right));
  }),
  Tanh: pointwise(({ b }, _x, y, g) => b.mul(g, b.sub(b.scalar(1, y), b.square(y)))),
  Softplus: pointwise(({ b }, x, _y, g) => b.mul(g, b.emit('Sigmoid', [x]))),
  Softsign: pointwise(({ b }, x, _y, g) => b.div(g, b.square(b.add(b.abs(x), b.scalar(1, x))))),
  Gelu: pointwise((c, x, _y, g) =>
    c.b.mul(g, text(c.node, 'approximate', 'none') === 'tanh' ? geluTanh(c, x) : geluErf(c, x)),
  ),
  Mish: pointwise(({ b }, x, _y, g) => {
    const t = b.emit('Tanh', [b.emit('Softplus', [x])]);
    const slope = b.mul(b.mul(x, b.emit('Sigmoid', [x])), b.sub(b.scalar(1, x), b.square(t)));
    return b.mul(g, b.add(t, slope));
  }),
  Swish: pointwise((c, x, _y, g) => c.b.mul(g, swish(c, x, attr(c, 'alpha', 1)))),
  Shrink: pointwise((c, x, _y, g) =>
    c.b.maskWith(c.b.greater(c.b.abs(x), c.b.scalar(attr(c, 'lambd', 0.5), x)), g),
  ),
};

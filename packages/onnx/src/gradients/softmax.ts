import { int } from '../format/attributes.ts';
import { axisOf, sameAsInput } from '../graph/infer.ts';
import type { GradientContext, Operators } from '../graph/operator.ts';

const axis = ({ b, node, x }: GradientContext): number => axisOf(int(node, 'axis', -1), b.rank(x(0)));

/** Softmax, LogSoftmax and Hardmax along one axis. */
export const softmax: Operators = {
  Softmax: {
    infer: sameAsInput,
    differentiable: [0],
    gradient: (c) => {
      const { b, y, g } = c;
      const product = b.mul(g(0), y(0));
      const total = b.reduceSum(product, [axis(c)], true);
      return [b.sub(product, b.mul(y(0), total))];
    },
  },
  LogSoftmax: {
    infer: sameAsInput,
    differentiable: [0],
    gradient: (c) => {
      const { b, y, g } = c;
      const total = b.reduceSum(g(0), [axis(c)], true);
      return [b.sub(g(0), b.mul(b.exp(y(0)), total))];
    },
  },
  // 1 at the maximum and 0 elsewhere.
  Hardmax: { infer: sameAsInput, gradient: 'none' },
};

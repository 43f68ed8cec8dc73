import type { AdagradOptimizer } from '@clr/core';
import { decayed, rate } from './parts.ts';
import type { Update } from './update.ts';

/** Adagrad: each weight's rate is divided by the root of the sum of its squared gradients. */
export function adagradUpdate(spec: AdagradOptimizer): Update {
  return {
    slots: { square: spec.initialAccumulator },
    usesMomentum: false,
    usesStep: false,
    emit: (b, hyper, input) => {
      const { weights } = input;
      const gradient = decayed(b, hyper, input, spec.weightDecay);
      const square = b.add(input.slots.square as string, b.square(gradient));
      const scaled = b.div(gradient, b.add(b.sqrt(square), b.scalar(spec.epsilon, weights)));
      return { weights: b.sub(weights, b.mul(scaled, rate(b, hyper, input))), slots: { square } };
    },
  };
}

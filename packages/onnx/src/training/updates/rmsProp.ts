import type { RmsPropOptimizer } from '@clr/core';
import { blend, decayed, rate } from './parts.ts';
import type { Update } from './update.ts';

/** RMSProp, centered or not, with momentum. */
export function rmsPropUpdate(spec: RmsPropOptimizer): Update {
  return {
    slots: { square: 0, ...(spec.centered ? { mean: 0 } : {}), velocity: 0 },
    usesMomentum: true,
    usesStep: false,
    emit: (b, hyper, input) => {
      const { weights, slots } = input;
      const gradient = decayed(b, hyper, input, spec.weightDecay);
      const square = blend(b, spec.alpha, slots.square as string, b.square(gradient));
      const mean = spec.centered ? blend(b, spec.alpha, slots.mean as string, gradient) : undefined;
      const spread = b.sqrt(mean === undefined ? square : b.sub(square, b.square(mean)));
      const scaled = b.div(gradient, b.add(spread, b.scalar(spec.epsilon, weights)));
      const mu = b.castLike(hyper.momentum, weights);
      const velocity = b.add(b.mul(slots.velocity as string, mu), scaled);
      return {
        weights: b.sub(weights, b.mul(velocity, rate(b, hyper, input))),
        slots: { square, ...(mean === undefined ? {} : { mean }), velocity },
      };
    },
  };
}

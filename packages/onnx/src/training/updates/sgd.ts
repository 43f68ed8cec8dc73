import type { SgdOptimizer } from '@clr/core';
import { decayed, rate } from './parts.ts';
import type { Update } from './update.ts';

/** v ← μv + g and w ← w − lr·v, or with `velocity: 'update'`, v ← μv + lr·g and w ← w − v. */
export function sgdUpdate(spec: SgdOptimizer): Update {
  return {
    slots: { velocity: 0 },
    usesMomentum: true,
    usesStep: false,
    emit: (b, hyper, input) => {
      const { weights } = input;
      const lr = rate(b, hyper, input);
      const mu = b.castLike(hyper.momentum, weights);
      const before = input.slots.velocity as string;
      const gradient = decayed(b, hyper, input, spec.weightDecay);
      if (spec.velocity === 'update') {
        const velocity = b.add(b.mul(before, mu), b.mul(gradient, lr));
        // (1 + μ)·v − μ·v_before
        const move = spec.nesterov ? b.add(velocity, b.mul(b.sub(velocity, before), mu)) : velocity;
        return { weights: b.sub(weights, move), slots: { velocity } };
      }
      const velocity = b.add(b.mul(before, mu), gradient);
      const direction = spec.nesterov ? b.add(gradient, b.mul(velocity, mu)) : velocity;
      return { weights: b.sub(weights, b.mul(direction, lr)), slots: { velocity } };
    },
  };
}

import type { AdamOptimizer, AdamWOptimizer } from '@clr/core';
import { f32 } from '../../device/wgsl.ts';
import { l2 } from './l2.ts';
import type { Rule } from './rule.ts';

/** Adam and AdamW. Slot `s0` holds the first moment, and slot `s1` the second. `now` holds the bias corrections. */
export function adamRule(spec: AdamOptimizer | AdamWOptimizer): Rule {
  const decoupled = spec.type === 'adamW' && spec.weightDecay > 0;
  return {
    slots: 2,
    momentum: spec.beta1,
    beta2: spec.beta2,
    takesMomentum: true,
    ...(decoupled ? { decoupledDecay: spec.weightDecay } : {}),
    update: `${decoupled ? 'w = w * now.decay;' : l2(spec.weightDecay)}
      s0 = now.momentum * s0 + now.oneMinusMomentum * g;
      s1 = ${f32(spec.beta2)} * s1 + ${f32(1 - spec.beta2)} * (g * g);
      w = w - now.stepSize * (s0 / (sqrt(s1) * now.secondScale + ${f32(spec.epsilon)}));`,
  };
}

import type { AdagradOptimizer } from '@clr/core';
import { f32 } from '../../device/wgsl.ts';
import { l2 } from './l2.ts';
import type { Rule } from './rule.ts';

/** AdaGrad. Slot `s0` holds the sum of squares. */
export function adagradRule(spec: AdagradOptimizer): Rule {
  return {
    slots: 1,
    initial: spec.initialAccumulator,
    momentum: 0,
    takesMomentum: false,
    update: `${l2(spec.weightDecay)}
      s0 = s0 + g * g;
      w = w - now.lr * (g / (sqrt(s0) + ${f32(spec.epsilon)}));`,
  };
}

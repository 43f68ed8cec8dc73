import type { RmsPropOptimizer } from '@clr/core';
import { f32 } from '../../device/wgsl.ts';
import { l2 } from './l2.ts';
import type { Rule } from './rule.ts';

/**
 * RMSProp. Slot `s0` holds the mean square. Further slots hold the mean (if centered) and the velocity (if there is
 * momentum).
 */
export function rmsPropRule(spec: RmsPropOptimizer, cycled: boolean): Rule {
  const hasVelocity = spec.momentum > 0 || cycled;
  const keep = f32(spec.alpha);
  const take = f32(1 - spec.alpha);
  const velocity = spec.centered ? 's2' : 's1';
  return {
    slots: 1 + (spec.centered ? 1 : 0) + (hasVelocity ? 1 : 0),
    momentum: spec.momentum,
    takesMomentum: hasVelocity,
    update: `${l2(spec.weightDecay)}
      s0 = ${keep} * s0 + ${take} * (g * g);
      ${spec.centered ? `s1 = ${keep} * s1 + ${take} * g;` : ''}
      let scaled = g / (sqrt(${spec.centered ? 's0 - s1 * s1' : 's0'}) + ${f32(spec.epsilon)});
      ${
        hasVelocity
          ? `${velocity} = now.momentum * ${velocity} + scaled; w = w - now.lr * ${velocity};`
          : 'w = w - now.lr * scaled;'
      }`,
  };
}

import type { SgdOptimizer } from '@clr/core';
import { l2 } from './l2.ts';
import type { Rule } from './rule.ts';

/** SGD. The velocity has a slot only if there is a momentum. */
export function sgdRule(spec: SgdOptimizer, cycled: boolean): Rule {
  const hasVelocity = spec.momentum > 0 || cycled;
  return {
    slots: hasVelocity ? 1 : 0,
    momentum: spec.momentum,
    takesMomentum: hasVelocity,
    update: l2(spec.weightDecay) + (hasVelocity ? velocity(spec) : 'w = w - now.lr * g;'),
  };
}

function velocity({ velocity, nesterov }: SgdOptimizer): string {
  if (velocity === 'gradient') {
    return `s0 = now.momentum * s0 + g;
      w = w - now.lr * ${nesterov ? '(g + now.momentum * s0)' : 's0'};`;
  }
  return `let before = s0;
    s0 = now.momentum * before + now.lr * g;
    w = w - ${nesterov ? '((1.0 + now.momentum) * s0 - now.momentum * before)' : 's0'};`;
}

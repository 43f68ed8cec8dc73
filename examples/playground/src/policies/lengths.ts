import { type Policy, toSchedule } from '@clr/core';

/** The number of steps to draw of a policy: its whole length, four cycles, or 1,000 steps if it has neither. */
export function lengthOf(policy: Policy): number {
  switch (policy.type) {
    case 'oneCycle':
      return policy.totalSteps;
    case 'decay':
    case 'ramp':
      return policy.steps;
    case 'wsd':
      return policy.steps * (policy.cycles ?? 1);
    case 'table':
      return Math.max(1, policy.values.length);
    case 'sequence':
      return policy.stages.reduce((sum, { policy: stage, steps }) => sum + (steps ?? lengthOf(stage)), 0);
    default: {
      const { at } = toSchedule(policy);
      let end = 0;
      for (let cycle = 0; cycle < 4; cycle++) {
        const next = at(end).cycleEnd;
        if (!Number.isSafeInteger(next)) break;
        end = next;
      }
      return end || 1000;
    }
  }
}

/** The maximum number of steps to draw. A picture of more steps would show nothing new. */
export const maxSteps = 10_000_000;

/** The number of steps for all policies of a picture. */
export const commonLength = (policies: readonly Policy[]): number =>
  Math.min(maxSteps, Math.max(1, ...policies.map(lengthOf)));

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyPolicy } from '../../test/arbitraries.ts';
import { PolicyError } from '../errors.ts';
import { constant } from '../policies/constant.ts';
import { cosineRestarts } from '../policies/cosineRestarts.ts';
import { decay } from '../policies/decay.ts';
import { table } from '../policies/table.ts';
import { triangular } from '../policies/triangular.ts';
import type { RangeTestFinding } from '../rangeTest/finding.ts';
import { toSchedule } from '../toSchedule.ts';
import { makePlan, type Plan, troughsWithin } from './makePlan.ts';
import { planCycles } from './planCycles.ts';

const finding = {
  suggestion: { baseLr: 0.02, maxLr: 0.12, fixedLr: 0.03, steps: 7 },
} as RangeTestFinding;
const peakOf = ({ policy, steps }: ReturnType<typeof makePlan>): number =>
  Array.from({ length: steps }, (_, step) => toSchedule(policy).lr(step)).reduce((a, b) => Math.max(a, b));

describe('planCycles', () => {
  it.each([2, 3, 5, 7, 9, 11])('ends at a trough of a budget of %s steps', (budget) => {
    const { policy, steps } = planCycles({ baseLr: 0.1, maxLr: 1, steps: budget });
    expect(budget - steps).toBeLessThan(2);
    expect(troughsWithin(policy, budget).at(-1)).toBe(steps);
  });
});

describe('makePlan', () => {
  const names = fc.constantFrom('decay', 'cycles', 'wsd', 'fixed' as const);

  it('ends a named plan at a trough, using all steps except a remainder', () => {
    const property = (plan: 'decay' | 'cycles' | 'wsd' | 'fixed', steps: number) => {
      const made = makePlan(plan, finding, steps);
      expect(made.steps).toBeLessThanOrEqual(steps);
      expect(made.steps).toBeGreaterThan(plan === 'decay' ? steps - 1 : steps - 10);
      expect(troughsWithin(made.policy, made.steps).at(-1)).toBe(made.steps);
      expect(peakOf(made)).toBeLessThanOrEqual(0.12);
    };
    fc.assert(fc.property(names as fc.Arbitrary<'decay'>, fc.integer({ min: 10, max: 3000 }), property));
  });

  it.each([
    ['decay', 0.12],
    ['cycles', 0.12],
    ['fixed', 0.03],
    ['wsd', 0.0565],
  ] as const)('gives the plan %s a peak of %s', (plan, peak) => {
    expect(peakOf(makePlan(plan, finding, 1000)) / peak).toBeCloseTo(1, 1);
  });

  it('scales any policy by one number, and cuts it at its last trough that fits', () => {
    const property = (shape: Plan, steps: number) => {
      let made: ReturnType<typeof makePlan>;
      try {
        made = makePlan(shape, finding, steps);
      } catch (error) {
        // The first cycle is too long, or the policy has no rate above 0.
        expect(error).toBeInstanceOf(PolicyError);
        return;
      }
      const troughs = troughsWithin(made.policy, steps);
      expect(made.steps).toBe(troughs.at(-1) ?? steps);
      const own = toSchedule(shape as never);
      const factor = peakOf(made) / peakOf({ ...made, policy: shape as never });
      for (let step = 0; step < made.steps; step += Math.ceil(made.steps / 50)) {
        const [ours, theirs] = [toSchedule(made.policy).lr(step), factor * own.lr(step)];
        expect(Math.abs(ours - theirs)).toBeLessThanOrEqual(1e-9 * peakOf(made));
      }
    };
    fc.assert(fc.property(anyPolicy, fc.integer({ min: 1, max: 500 }), property), { numRuns: 60 });
  });

  it('passes the number of steps to a function', () => {
    const plan = (steps: number) => decay({ maxLr: 1, steps, shape: 'cosine' });
    const { policy, steps } = makePlan(plan, finding, 700);
    expect([policy.type, steps]).toEqual(['decay', 700]);
    expect(policy).toMatchObject({ shape: 'cosine', steps: 700 });
  });

  it('ends a policy at its last trough within the steps, or at the last step if it has no troughs', () => {
    const shape = triangular({ baseLr: 1, maxLr: 6, stepSize: 50 });
    expect(makePlan(shape, finding, 780).steps).toBe(700);
    expect(makePlan(shape, finding, 800).steps).toBe(800);
    expect(
      makePlan(cosineRestarts({ baseLr: 0, maxLr: 1, firstCycle: 100, cycleMultiplier: 2 }), finding, 800)
        .steps,
    ).toBe(700);
    expect(makePlan(constant({ lr: 1 }), finding, 800).steps).toBe(800);
    expect(makePlan(decay({ maxLr: 1, steps: 500 }), finding, 800).steps).toBe(500);
  });

  it.each([
    [
      'a policy whose first cycle is too long',
      decay({ maxLr: 1, steps: 900 }),
      '[clr/core] Expected plan to be a policy whose first cycle ends',
    ],
    [
      'a function that returns a policy whose first cycle is too long',
      () => decay({ maxLr: 1, steps: 900 }),
      'plan(800)',
    ],
    ['a function that returns no policy', (() => 0.1) as never, 'plan(800)'],
    ['a policy without a rate above 0', table({ values: [0] }), 'No factor makes a rate of 0 train.'],
  ])('refuses %s', (_, plan, message) => {
    expect(() => makePlan(plan, finding, 800)).toThrow(message);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cyclic,
  expRange,
  fitToCycles,
  type Policy,
  parsePolicy,
  sampleSchedule,
  toSchedule,
  triangular,
  triangular2,
} from '../src/index.ts';
import {
  anyPolicy,
  anyStep,
  cycleOptions,
  factor,
  lrBounds,
  momentumRanges,
  policiesByType,
} from './arbitraries.ts';

const runs = { numRuns: 1000 };

function holdsFor(policies: fc.Arbitrary<Policy>): void {
  it('gives finite rates inside its bounds at every step', () => {
    fc.assert(
      fc.property(policies, anyStep, (policy, step) => {
        const [low, high] = lrBounds(policy);
        const lr = toSchedule(policy).lr(step);
        expect(lr).toBeGreaterThanOrEqual(low);
        expect(lr).toBeLessThanOrEqual(high);
      }),
      runs,
    );
  });

  it('gives a momentum inside its bounds, or none', () => {
    fc.assert(
      fc.property(policies, anyStep, (policy, step) => {
        const ranges = momentumRanges(policy);
        const momentum = toSchedule(policy).momentum(step);
        if (momentum === undefined) return;
        expect(momentum).toBeGreaterThanOrEqual(Math.min(...ranges.map(({ base }) => base)));
        expect(momentum).toBeLessThanOrEqual(Math.max(...ranges.map(({ max }) => max)));
      }),
      runs,
    );
  });

  it('survives JSON and structuredClone exactly', () => {
    fc.assert(
      fc.property(policies, anyStep, (policy, step) => {
        const copies = [
          parsePolicy(JSON.parse(JSON.stringify(policy))),
          structuredClone(policy),
          parsePolicy(policy),
        ];
        for (const copy of copies) {
          expect(copy).toStrictEqual(policy);
          expect(toSchedule(copy).at(step)).toStrictEqual(toSchedule(policy).at(step));
        }
      }),
      runs,
    );
  });

  it('is deeply frozen', () => {
    fc.assert(fc.property(policies, isDeepFrozen));
  });

  it('is sampled to the float32 nearest to each rate', () => {
    fc.assert(
      fc.property(policies, anyStep, fc.integer({ min: 1, max: 50 }), (policy, from, steps) => {
        const { lr, momentum } = toSchedule(policy);
        const table = sampleSchedule(policy, { from, steps });
        expect(table.length).toBe(steps);
        for (const [index, value] of table.entries()) expect(value).toBe(Math.fround(lr(from + index)));
        if (momentumRanges(policy).length === 0 || policy.type === 'sequence') return;
        const momenta = sampleSchedule(policy, { from, steps, of: 'momentum' });
        for (const [index, value] of momenta.entries()) {
          expect(value).toBe(Math.fround(momentum(from + index)!));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gives the same values in any order of steps', () => {
    fc.assert(
      fc.property(policies, fc.array(anyStep, { minLength: 2, maxLength: 8 }), (policy, steps) => {
        const schedule = toSchedule(policy);
        const there = steps.map((step) => schedule.at(step));
        const back = [...steps].reverse().map((step) => schedule.at(step));
        expect(back.reverse()).toStrictEqual(there);
        for (const [index, step] of steps.entries()) {
          expect(toSchedule(policy).at(step)).toStrictEqual(there[index]);
        }
      }),
      runs,
    );
  });

  it('returns a valid cycle from at(), and the same rate and momentum as lr() and momentum()', () => {
    fc.assert(
      fc.property(policies, anyStep, (policy, step) => {
        const schedule = toSchedule(policy);
        const { lr, momentum, cycle, phase, cycleEnd } = schedule.at(step);
        expect(lr).toBe(schedule.lr(step));
        expect(momentum).toBe(schedule.momentum(step));
        expect(Number.isInteger(cycle) && cycle >= 0).toBe(true);
        expect(phase).toBeGreaterThanOrEqual(0);
        expect(phase).toBeLessThan(1);
        expect(cycleEnd).toBeGreaterThan(step);
        // The cycle never ends, or ends so late that neighbouring steps are equal in floating point.
        if (!Number.isSafeInteger(cycleEnd)) return;
        expect(schedule.at(cycleEnd).cycle).toBe(cycle + 1);
        expect(schedule.at(cycleEnd - 1).cycle).toBe(cycle);
      }),
      runs,
    );
  });

  it('fits a budget to the nearest end of a cycle', () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 500 }), (policy, budget) => {
        const fitted = fitToCycles(policy, budget);
        const ends = cycleEndsAround(policy, budget);
        expect(ends).toContain(fitted);
        const distance = Math.min(...ends.map((end) => Math.abs(end - budget)));
        expect(Math.abs(fitted - budget)).toBe(distance);
      }),
      { numRuns: 300 },
    );
  });
}

/** The ends of cycles next to a budget, found one after the other; the budget if no end comes after it. */
function cycleEndsAround(policy: Policy, budget: number): number[] {
  const { at } = toSchedule(policy);
  let [before, after] = [0, at(0).cycleEnd];
  while (after <= budget) [before, after] = [after, at(after).cycleEnd];
  return after < Infinity ? [before, after].filter((end) => end > 0) : [budget];
}

function isDeepFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeepFrozen);
}

for (const [type, policies] of Object.entries(policiesByType)) describe(type, () => holdsFor(policies));
describe('sequence', () => holdsFor(anyPolicy.filter(({ type }) => type === 'sequence')));

describe('cyclic, the general form', () => {
  const same = (a: Policy, b: Policy, step: number): void => {
    expect(toSchedule(a).at(step)).toStrictEqual(toSchedule(b).at(step));
  };

  it('equals triangular without a decay', () => {
    fc.assert(
      fc.property(cycleOptions, anyStep, (o, step) => same(cyclic(o), triangular(o), step)),
      runs,
    );
  });

  it('equals triangular2 if the amplitude halves after every cycle', () => {
    const decay = { type: 'geometric', factor: 0.5, per: 'cycle', of: 'amplitude' } as const;
    fc.assert(
      fc.property(cycleOptions, anyStep, (o, step) => same(cyclic({ ...o, decay }), triangular2(o), step)),
      runs,
    );
  });

  it.each(['amplitude', 'bounds'] as const)('equals expRange if the %s shrinks at every step', (of) => {
    fc.assert(
      fc.property(cycleOptions, factor, anyStep, (o, gamma, step) => {
        const decay = { type: 'geometric', factor: gamma, per: 'step', of } as const;
        same(cyclic({ ...o, decay }), expRange({ ...o, gamma, decay: of }), step);
      }),
      runs,
    );
  });

  it.each(['amplitude', 'bounds'] as const)(
    'expRange with a gamma of 1 on the %s equals triangular',
    (decay) => {
      fc.assert(
        fc.property(cycleOptions, anyStep, (o, step) =>
          same(expRange({ ...o, gamma: 1, decay }), triangular(o), step),
        ),
        runs,
      );
    },
  );

  it('stays between the shrunk bounds if both bounds shrink', () => {
    fc.assert(
      fc.property(cycleOptions, factor, anyStep, (o, gamma, step) => {
        const share = Math.exp(Math.log(gamma) * step);
        const lr = toSchedule(expRange({ ...o, gamma, decay: 'bounds' })).lr(step);
        // Below 2e-308, neighbouring numbers are this far apart.
        expect(lr).toBeGreaterThanOrEqual(o.baseLr * share - Number.MIN_VALUE);
        expect(lr).toBeLessThanOrEqual(o.maxLr * share + Number.MIN_VALUE);
      }),
      runs,
    );
  });
});

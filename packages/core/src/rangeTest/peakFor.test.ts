import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyPolicy, policiesByType } from '../../test/arbitraries.ts';
import {
  constant,
  cosineRestarts,
  decay,
  fitToCycles,
  type Policy,
  PolicyError,
  parsePolicy,
  peakFor,
  type RangeTestFinding,
  sequence,
  table,
  toSchedule,
  triangular,
  triangular2,
  wsd,
} from '../index.ts';
import { peakRatio } from './peakRatio.ts';

/** The bound's best factor, √(A · B), computed directly from its definition. */
function factorOf(weights: readonly number[]): number {
  const sum = (from: number, power: number) => weights.slice(from).reduce((s, w) => s + w ** power, 0);
  let b = sum(0, 2) / sum(0, 1);
  for (let k = 0; k + 1 < weights.length; k++) {
    if (sum(k + 1, 1) > 0) b += (weights[k]! / sum(k + 1, 1)) * (sum(k, 2) / sum(k, 1));
  }
  return Math.sqrt(sum(0, 1) * b);
}

const near = (actual: number, stated: number, share = 1e-9): void =>
  expect(Math.abs(actual / stated - 1)).toBeLessThan(share);

/** 1 + 1/2 + … + 1/n */
const harmonic = (n: number): number =>
  Array.from({ length: n }, (_, k) => 1 / (k + 1)).reduce((s, x) => s + x, 0);

describe('the ratio of peaks', () => {
  it('equals its definition', () => {
    const weight = fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 1, noNaN: true }));
    fc.assert(
      fc.property(fc.array(weight, { minLength: 1, maxLength: 60 }), (weights) => {
        const peak = Math.max(...weights);
        fc.pre(peak > 0);
        const flat = factorOf(weights.map(() => 1));
        const stated = flat / factorOf(weights.map((w) => w / peak));
        near(
          peakRatio((step) => weights[step]!, peak, weights.length),
          stated,
        );
      }),
    );
  });

  it.each([1, 2, 3, 100, 5000])('has a closed form for a linear decay to 0, over %i steps', (steps) => {
    // With n = T + 1 − k: w = n, S = n (n + 1) / 2, Q = n (n + 1) (2n + 1) / 6.
    let b = (2 * steps + 1) / 3;
    for (let n = 2; n <= steps; n++) b += (2 / (n - 1)) * ((2 * n + 1) / 3);
    const line = Math.sqrt(((steps * (steps + 1)) / 2) * b) / steps;
    const flat = Math.sqrt(steps * (1 + harmonic(steps - 1)));
    near(
      peakRatio((step) => steps - step, steps, steps),
      flat / line,
    );
  });

  // Computed by an independent Python script; rounded to two decimals.
  const six = { baseLr: 1 / 6, maxLr: 1 };
  const rows: readonly (readonly [string, (steps: number) => Policy, readonly number[]])[] = [
    ['constant', () => constant({ lr: 1 }), [1, 1, 1]],
    ['linear to 0', (steps) => decay({ maxLr: 1, steps, warmup: 0 }), [2.9, 3.14, 3.35]],
    ['cosine to 0', (steps) => decay({ maxLr: 1, steps, warmup: 0, shape: 'cosine' }), [2.82, 3.05, 3.26]],
    ['REX to 0', (steps) => decay({ maxLr: 1, steps, warmup: 0, shape: 'rex' }), [2.34, 2.53, 2.71]],
    ['WSD, 20 %', (steps) => wsd({ maxLr: 1, steps, warmup: 0, cooldown: 0.2 }), [1.49, 1.61, 1.73]],
    [
      'WSD, 20 %, 1 − √x',
      (steps) => wsd({ maxLr: 1, steps, warmup: 0, cooldown: 0.2, shape: 'sqrt' }),
      [1.57, 1.7, 1.82],
    ],
    ['WSD, 40 %', (steps) => wsd({ maxLr: 1, steps, warmup: 0, cooldown: 0.4 }), [1.76, 1.91, 2.04]],
    ['triangular, 4 cycles', (steps) => triangular({ ...six, stepSize: steps / 8 }), [1.9, 2, 2.09]],
    ['triangular2, 4 cycles', (steps) => triangular2({ ...six, stepSize: steps / 8 }), [3.26, 3.35, 3.42]],
  ];
  it.each(rows)('matches the result of an independent script: %s', (_, make, stated) => {
    for (const [index, steps] of [1000, 4000, 16_000].entries()) {
      const ratio = peakRatio(toSchedule(make(steps)).lr, 1, steps);
      expect(Math.abs(ratio - stated[index]!)).toBeLessThan(0.011);
    }
  });
});

const suggestion = {
  baseLr: 0.01,
  maxLr: 0.06,
  fixedLr: 0.03,
  steps: 1000,
  interval: { baseLr: [0.01, 0.01], maxLr: [0.06, 0.06], fixedLr: [0.03, 0.03] },
  certainty: 0.7,
  confidence: 0.8,
} as const;
const rules = { steepest: null, minimum: null, valley: null, slide: null };
const found: RangeTestFinding = { edgeLr: 0.2, reasons: ['It fell.'], rules, suggestion };
const ratioOf = (policy: Policy, steps: number): number => {
  const { lr } = toSchedule(policy);
  return peakRatio(lr, Math.max(...Array.from({ length: steps }, (_, step) => lr(step))), steps);
};

/** The policy with rates limited to 1e-10 to 1e10 (or 0), so that every rate can be multiplied. */
function tamed(value: unknown, name = ''): unknown {
  if (typeof value === 'number') {
    const rate = ['lr', 'values'].includes(name) || name.endsWith('Lr');
    return rate && value > 0 ? Math.min(1e10, Math.max(1e-10, value)) : value;
  }
  if (Array.isArray(value)) return value.map((each) => tamed(each, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, tamed(each, key)]));
}

describe('peakFor', () => {
  const sequences = anyPolicy.filter(({ type }) => type === 'sequence');
  it.each(Object.entries({ ...policiesByType, sequence: sequences }))(
    'keeps the shape of %s',
    (_, policies) => {
      let compared = 0;
      fc.assert(
        fc.property(policies, fc.double({ min: 1e-6, max: 10, noNaN: true }), (wild, fixedLr) => {
          const policy = parsePolicy(tamed(wild));
          const length = fitToCycles(policy, 50);
          if (length > 5000) return;
          const before = toSchedule(policy);
          let peak = 0;
          for (let step = 0; step < length; step++) peak = Math.max(peak, before.lr(step));
          // Some policies shrink so fast that they would have to begin above the range of float32.
          if (peak < 1e-20) return;
          const wanted = fixedLr * (50 / length) ** 0.35 * Math.max(1, peakRatio(before.lr, peak, length));
          const planned = peakFor(policy, { fixedLr, steps: 50 });
          expect(Object.isFrozen(planned)).toBe(true);
          const after = toSchedule(planned);
          for (let step = 0; step < length; step += Math.ceil(length / 100)) {
            const { lr, ...rest } = after.at(step);
            const { lr: old, ...same } = before.at(step);
            expect(rest).toStrictEqual(same);
            expect(Math.abs(lr - (old / peak) * wanted)).toBeLessThanOrEqual(1e-12 * wanted);
          }
          compared++;
        }),
      );
      expect(compared).toBeGreaterThan(10);
    },
  );

  it('gives the same result for every original peak', () => {
    const source = { fixedLr: 0.01, steps: 900 };
    const [low, high] = [1e-30, 1e30].map((maxLr) => peakFor(decay({ maxLr, steps: 900 }), source));
    near(low!.maxLr, high!.maxLr);
    near(low!.maxLr, 0.01 * ratioOf(low!, 900));
    expect(peakFor(low!, source).maxLr).toBeCloseTo(low!.maxLr, 15);
  });

  it('gives fixedLr to a constant policy', () => {
    near(peakFor(constant({ lr: 7 }), { fixedLr: 0.01, steps: 1234 }).lr, 0.01);
  });

  it('gives a peak no lower than fixedLr if the rates drop to almost 0', () => {
    const values = [...Array.from({ length: 99 }, () => 1), 1e-9];
    expect(ratioOf(table({ values }), 100)).toBeLessThan(0.01);
    near(peakFor(table({ values }), { fixedLr: 0.01, steps: 100 }).values[0]!, 0.01);
  });

  it('gives the maxLr of a finding to a decay, and a proportional peak to other shapes', () => {
    const line = decay({ maxLr: 1, steps: 1000, warmup: 0 });
    near(peakFor(line, { finding: found }).maxLr, 0.06);
    for (const [policy, lr] of [
      [constant({ lr: 7 }), (planned: Policy) => (planned as { lr: number }).lr],
      [wsd({ maxLr: 7, steps: 1000 }), (planned: Policy) => (planned as { maxLr: number }).maxLr],
    ] as const) {
      near(lr(peakFor(policy, { finding: found })), (0.06 * ratioOf(policy, 1000)) / ratioOf(line, 1000));
    }
  });

  it('does not exceed the maxLr of a finding', () => {
    // The best peak of this policy is above that of a decay.
    const policy = triangular2({ baseLr: 1, maxLr: 6, stepSize: 125 });
    expect(ratioOf(policy, 1000)).toBeGreaterThan(3.2);
    near(peakFor(policy, { finding: found }).maxLr, 0.06);
  });

  it('lowers a peak from fixedLr for a policy of more than `steps` steps, but not the maxLr of a finding', () => {
    const long = decay({ maxLr: 1, steps: 4000, finalLr: 0.1 });
    const peak = 0.03 * (1000 / 4000) ** 0.35 * ratioOf(long, 4000);
    near(peakFor(long, { fixedLr: 0.03, steps: 1000 }).finalLr!, peak / 10);
    const line = decay({ maxLr: 1, steps: 4000, warmup: 0 });
    near(peakFor(line, { finding: found }).maxLr, 0.06);
  });

  it('counts only whole cycles of a policy', () => {
    const policy = cosineRestarts({ baseLr: 0, maxLr: 1, firstCycle: 30 });
    near(peakFor(policy, { fixedLr: 0.1, steps: 100 }).maxLr, 0.1 * (100 / 90) ** 0.35 * ratioOf(policy, 90));
  });

  const policy = decay({ maxLr: 1, steps: 100 });
  const bad: readonly (readonly [what: string, action: () => unknown, words: string])[] = [
    [
      'a finding without a suggestion',
      () =>
        peakFor(policy, {
          finding: { ...found, suggestion: null, reasons: ['It never diverged.', 'Go higher.'] },
        }),
      'Expected finding.suggestion to be rates.\nReceived: finding.suggestion = null\n' +
        'The range test gave none. It never diverged. Go higher.',
    ],
    [
      'an undefined finding',
      () => peakFor(policy, { finding: undefined as never }),
      'Expected finding.suggestion to be an object',
    ],
    [
      'a finding of an older clr',
      () =>
        peakFor(policy, { finding: { ...found, suggestion: { ...suggestion, steps: undefined as never } } }),
      'Expected finding.suggestion.steps to be a positive integer',
    ],
    [
      'a rate without steps',
      () => peakFor(policy, { fixedLr: 0.1 } as never),
      'Expected steps to be a positive integer',
    ],
    [
      'a rate of 0',
      () => peakFor(policy, { fixedLr: 0, steps: 9 }),
      'Expected fixedLr to be a finite number above 0',
    ],
    [
      'a missing source',
      () => peakFor(policy, undefined as never),
      'Expected options to be an object with fixedLr, steps',
    ],
    [
      'both sources at once',
      () => peakFor(policy, { finding: found, fixedLr: 0.1, steps: 9 }),
      'Expected fixedLr to be one of the fields finding.',
    ],
    [
      'a bad policy',
      () => peakFor({ ...policy, steps: 0 }, { fixedLr: 0.1, steps: 9 }),
      'Expected steps to be',
    ],
    [
      'a policy whose rates are all 0',
      () => peakFor(table({ values: [0] }), { fixedLr: 0.1, steps: 9 }),
      'Expected policy to be a policy with a rate of at least 1e-300 in its first 9 steps.\nReceived: policy = an object\nNo factor makes',
    ],
    [
      'a policy that is too long',
      () => peakFor(decay({ maxLr: 1, steps: 1e8 + 1 }), { fixedLr: 0.1, steps: 9 }),
      'Expected steps to be at most 100000000, up to the end of a cycle.\nReceived: steps = 100000001\nTake a policy',
    ],
    [
      'a rate beyond float32',
      () => peakFor(sequence([{ policy }]), { fixedLr: 3e38, steps: 100 }),
      'Expected stages[0].policy.maxLr to be a number of at most 3.4e38',
    ],
  ];
  it.each(bad)('refuses %s', (_, action, words) => {
    expect(action).toThrow(PolicyError);
    expect(action).toThrow(words);
  });
});

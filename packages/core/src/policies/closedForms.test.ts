import { describe, expect, it } from 'vitest';
import {
  constant,
  cosineRestarts,
  cyclic,
  decay,
  expRange,
  oneCycle,
  type Policy,
  ramp,
  sequence,
  table,
  toSchedule,
  triangular,
  triangular2,
  wsd,
} from '../index.ts';
import { halfCosine, lerp, powers } from './arithmetic.ts';

const bounds = { baseLr: 0.01, maxLr: 0.09, stepSize: 4, stepSizeDown: 6 };
const momentum = { base: 0.8, max: 0.95 };

/** The height of a cycle in [0, 1], up to the peak and back, as in the papers. */
const triangle = (step: number): number => {
  const position = step % 10;
  return position <= 4 ? position / 4 : (10 - position) / 6;
};
const cycleOf = (step: number): number => Math.floor(step / 10);
const swing = (height: number): number => 0.01 + 0.08 * height;
/** The momentum falls while the rate rises: `max` at a height of 0, `base` at 1. */
const against = (height: number): number => 0.95 - 0.15 * height;
const cosine = (from: number, to: number, x: number): number =>
  to + ((from - to) * (1 + Math.cos(Math.PI * x))) / 2;
const line = (from: number, to: number, x: number): number => from + (to - from) * x;

/** The share of a fall from the step `from` to the step `to` that is left at `step`, in [0, 1]. */
const left = (from: number, to: number, step: number): number => Math.max(0, (to - step) / (to - from));

type Value = (step: number) => number;

/** A policy with its textbook formula. */
const forms: readonly (readonly [name: string, policy: Policy, lr: Value, momentum?: Value])[] = [
  ['constant', constant({ lr: 0.03 }), () => 0.03],
  [
    'triangular',
    triangular({ ...bounds, momentum }),
    (step) => swing(triangle(step)),
    (step) => against(triangle(step)),
  ],
  [
    'triangular with equal rise and fall',
    triangular({ baseLr: 0.01, maxLr: 0.09, stepSize: 3 }),
    (step) => swing(1 - Math.abs((step % 6) / 3 - 1)),
  ],
  [
    'triangular, welch',
    triangular({ ...bounds, momentum, window: 'welch' }),
    (step) => swing(1 - (1 - triangle(step)) ** 2),
    (step) => against(1 - (1 - triangle(step)) ** 2),
  ],
  [
    'triangular, hann',
    triangular({ ...bounds, window: 'hann' }),
    (step) => swing((1 - Math.cos(Math.PI * triangle(step))) / 2),
  ],
  [
    'triangular2',
    triangular2({ ...bounds, momentum }),
    (step) => swing(triangle(step) / 2 ** cycleOf(step)),
    (step) => against(triangle(step) / 2 ** cycleOf(step)),
  ],
  [
    'exp_range',
    expRange({ ...bounds, gamma: 0.97, momentum }),
    (step) => swing(triangle(step) * 0.97 ** step),
    (step) => against(triangle(step) * 0.97 ** step),
  ],
  [
    'exp_range of both bounds',
    expRange({ ...bounds, gamma: 0.97, decay: 'bounds', momentum }),
    (step) => swing(triangle(step)) * 0.97 ** step,
    (step) => against(triangle(step) * 0.97 ** step),
  ],
  ['cyclic', cyclic(bounds), (step) => swing(triangle(step))],
  [
    'cyclic, harmonic',
    cyclic({ ...bounds, decay: { type: 'harmonic' } }),
    (step) => swing(triangle(step) / (cycleOf(step) + 1)),
  ],
  ...(['amplitude', 'bounds'] as const).flatMap((of) =>
    (['cycle', 'step'] as const).map((per): readonly [string, Policy, Value] => [
      `cyclic, geometric per ${per}, of ${of}`,
      cyclic({ ...bounds, decay: { type: 'geometric', factor: 0.9, per, of } }),
      (step) => {
        const scale = 0.9 ** (per === 'cycle' ? cycleOf(step) : step);
        return of === 'bounds' ? swing(triangle(step)) * scale : swing(triangle(step) * scale);
      },
    ]),
  ),
  [
    'cosineRestarts',
    cosineRestarts({ baseLr: 0.01, maxLr: 0.09, firstCycle: 7 }),
    (step) => cosine(0.09, 0.01, (step % 7) / 7),
  ],
  [
    'cosineRestarts, each cycle three times as long as the one before',
    cosineRestarts({ baseLr: 0.01, maxLr: 0.09, firstCycle: 7, cycleMultiplier: 3 }),
    // Cycles begin at 0, 7, 28 and 91.
    (step) =>
      step < 7
        ? cosine(0.09, 0.01, step / 7)
        : step < 28
          ? cosine(0.09, 0.01, (step - 7) / 21)
          : cosine(0.09, 0.01, (step - 28) / 63),
  ],
  [
    'oneCycle, by default',
    oneCycle({ maxLr: 0.5, totalSteps: 50, momentum }),
    // It rises until step 0.3 · 50 − 1 = 14 and falls until step 49. It starts at maxLr / 25 and ends at 1e-4 of that.
    (step) => (step <= 14 ? cosine(0.02, 0.5, step / 14) : cosine(0.5, 2e-6, Math.min(1, (step - 14) / 35))),
    (step) => (step <= 14 ? cosine(0.95, 0.8, step / 14) : cosine(0.8, 0.95, Math.min(1, (step - 14) / 35))),
  ],
  [
    'oneCycle, linear, with its own divisors',
    oneCycle({
      maxLr: 0.5,
      totalSteps: 50,
      anneal: 'linear',
      pctStart: 0.5,
      divFactor: 5,
      finalDivFactor: 10,
    }),
    (step) => (step <= 24 ? line(0.1, 0.5, step / 24) : line(0.5, 0.01, Math.min(1, (step - 24) / 25))),
  ],
  [
    'oneCycle in three phases',
    oneCycle({
      maxLr: 0.5,
      totalSteps: 51,
      anneal: 'linear',
      pctStart: 21 / 51,
      divFactor: 5,
      finalDivFactor: 10,
      threePhase: true,
      momentum,
    }),
    (step) =>
      step <= 20
        ? line(0.1, 0.5, step / 20)
        : step <= 40
          ? line(0.5, 0.1, (step - 20) / 20)
          : line(0.1, 0.01, Math.min(1, (step - 40) / 10)),
    (step) => (step <= 20 ? line(0.95, 0.8, step / 20) : line(0.8, 0.95, Math.min(1, (step - 20) / 20))),
  ],
  [
    'oneCycle that begins at its peak',
    oneCycle({ maxLr: 0.5, totalSteps: 11, anneal: 'linear', pctStart: 1 / 11 }),
    (step) => line(0.5, 2e-6, Math.min(1, step / 10)),
  ],
  [
    'oneCycle whose divisors are 1',
    oneCycle({ maxLr: 0.5, totalSteps: 11, divFactor: 1, finalDivFactor: 1 }),
    () => 0.5,
  ],
  [
    'oneCycle that only goes down',
    // As in PyTorch, the fall then begins one step before the run.
    oneCycle({ maxLr: 0.5, totalSteps: 20, anneal: 'linear', pctStart: 0 }),
    (step) => line(0.5, 2e-6, Math.min(1, (step + 1) / 20)),
  ],
  ['oneCycle of a single step', oneCycle({ maxLr: 0.5, totalSteps: 1, momentum }), () => 2e-6, () => 0.95],
  [
    'ramp from 0',
    ramp({ startLr: 0, endLr: 0.1, steps: 8, spacing: 'linear' }),
    (step) => line(0, 0.1, Math.min(1, step / 8)),
  ],
  [
    'ramp',
    ramp({ startLr: 0.1, endLr: 0.02, steps: 8, spacing: 'linear' }),
    (step) => line(0.1, 0.02, Math.min(1, step / 8)),
  ],
  [
    'ramp, exponential',
    ramp({ startLr: 0.001, endLr: 1, steps: 30, spacing: 'exponential' }),
    (step) => 10 ** (Math.min(30, step) / 10 - 3),
  ],
  [
    'ramp, exponential, down',
    ramp({ startLr: 1, endLr: 0.001, steps: 30, spacing: 'exponential' }),
    (step) => 10 ** -(Math.min(30, step) / 10),
  ],
  [
    'decay, by default',
    decay({ maxLr: 0.5, steps: 40 }),
    (step) => (step < 2 ? 0.25 * step : left(2, 40, step) / 2),
  ],
  [
    'decay without warm-up, along half a cosine',
    decay({ maxLr: 0.5, steps: 30, warmup: 0, shape: 'cosine', finalLr: 0.1 }),
    (step) => cosine(0.5, 0.1, Math.min(1, step / 30)),
  ],
  [
    'decay along 1 − √x',
    decay({ maxLr: 0.5, steps: 30, warmup: 5, shape: 'sqrt', finalLr: 0.1 }),
    (step) => (step < 5 ? step / 10 : 0.1 + 0.4 * (1 - Math.sqrt(Math.min(1, (step - 5) / 25)))),
  ],
  [
    // In the paper's form: (1 − z) / (½ + ½ · (1 − z)).
    'decay along REX',
    decay({ maxLr: 0.5, steps: 30, warmup: 5, shape: 'rex', finalLr: 0.1 }),
    (step) => (step < 5 ? step / 10 : 0.1 + (0.4 * left(5, 30, step)) / (0.5 + 0.5 * left(5, 30, step))),
  ],
  [
    'decay along a polynomial',
    decay({ maxLr: 0.5, steps: 30, warmup: 0.5, shape: { power: 2.5 }, finalLr: 0.1 }),
    (step) => (step < 15 ? step / 30 : 0.1 + 0.4 * left(15, 30, step) ** 2.5),
  ],
  ['decay of a single step', decay({ maxLr: 0.5, steps: 1, warmup: 0.99 }), (step) => (step < 1 ? 0.5 : 0)],
  ['decay of two steps', decay({ maxLr: 0.5, steps: 2, warmup: 0.99 }), (step) => [0, 0.5][step] ?? 0],
  [
    'wsd, by default',
    wsd({ maxLr: 0.5, steps: 40 }),
    (step) => (step < 2 ? 0.25 * step : step < 28 ? 0.5 : left(28, 40, step) / 2),
  ],
  [
    'wsd in cycles',
    wsd({ maxLr: 0.5, steps: 20, warmup: 5, cooldown: 10, shape: 'cosine', cycles: 3 }),
    (step) => {
      if (step < 5) return step / 10;
      if (step >= 60) return 0;
      return step % 20 < 10 ? 0.5 : cosine(0.5, 0, ((step % 20) - 10) / 10);
    },
  ],
  [
    'wsd without a stable part',
    wsd({ maxLr: 0.5, steps: 10, warmup: 0.7, cooldown: 0.3, shape: 'sqrt' }),
    (step) => (step < 7 ? step / 14 : 0.5 * (1 - Math.sqrt(Math.min(1, (step - 7) / 3)))),
  ],
  [
    'wsd whose cooldown is shorter than a step',
    wsd({ maxLr: 0.5, steps: 10, warmup: 0, cooldown: 0.01, cycles: 2 }),
    (step) => (step < 20 ? 0.5 : 0),
  ],
  [
    'wsd whose shares meet half-way through a step',
    wsd({ maxLr: 0.5, steps: 3, warmup: 0.5, cooldown: 0.5 }),
    (step) => [0, 0.25, 0.5][step] ?? 0,
  ],
  ['table', table({ values: [0.3, 0.2, 0.1] }), (step) => [0.3, 0.2, 0.1][Math.min(step, 2)]!],
];

const near = (actual: number, stated: number, scale = 1): void =>
  expect(Math.abs(actual - stated)).toBeLessThanOrEqual(1e-13 * scale);

const rows = forms.map(([name, policy, lr, momentumAt]) => ({ name, policy, lr, momentumAt }));

describe.each(rows)('$name', ({ policy, lr, momentumAt }) => {
  const schedule = toSchedule(policy);

  it('gives the rates of its formula in any order of steps', () => {
    for (let step = 0; step < 90; step++) near(schedule.lr(step), lr(step));
    for (let step = 89; step >= 0; step--) near(schedule.lr(step), lr(step));
  });

  it('gives the rate of its formula for any step that is asked for first', () => {
    for (let step = 0; step < 40; step++) near(toSchedule(policy).lr(step), lr(step));
  });

  it('gives the momentum of its formula, or none', () => {
    for (let step = 0; step < 90; step++) {
      if (momentumAt) near(schedule.momentum(step)!, momentumAt(step));
      else expect(schedule.momentum(step)).toBeUndefined();
    }
  });
});

type Position = readonly [cycle: number, phase: number, cycleEnd: number];
const cycles: readonly (readonly [name: string, policy: Policy, at: (step: number) => Position])[] = [
  ['triangular', triangular(bounds), (step) => [cycleOf(step), (step % 10) / 10, 10 * cycleOf(step) + 10]],
  [
    'exp_range of both bounds',
    expRange({ ...bounds, gamma: 0.9, decay: 'bounds' }),
    (step) => [cycleOf(step), (step % 10) / 10, 10 * cycleOf(step) + 10],
  ],
  [
    'cosineRestarts',
    cosineRestarts({ baseLr: 0, maxLr: 1, firstCycle: 7 }),
    (step) => [Math.floor(step / 7), (step % 7) / 7, 7 * Math.floor(step / 7) + 7],
  ],
  [
    'cosineRestarts, each cycle three times as long as the one before',
    cosineRestarts({ baseLr: 0, maxLr: 1, firstCycle: 7, cycleMultiplier: 3 }),
    (step) =>
      step < 7 ? [0, step / 7, 7] : step < 28 ? [1, (step - 7) / 21, 28] : [2, (step - 28) / 63, 91],
  ],
  [
    'oneCycle',
    oneCycle({ maxLr: 1, totalSteps: 50 }),
    (step) => (step < 50 ? [0, step / 50, 50] : [1, 0, Infinity]),
  ],
  ['decay', decay({ maxLr: 1, steps: 50 }), (step) => (step < 50 ? [0, step / 50, 50] : [1, 0, Infinity])],
  [
    'wsd',
    wsd({ maxLr: 1, steps: 20, cycles: 3 }),
    (step) =>
      step < 60
        ? [Math.floor(step / 20), (step % 20) / 20, 20 * Math.floor(step / 20) + 20]
        : [3, 0, Infinity],
  ],
  ...(['linear', 'exponential'] as const).map((spacing): (typeof cycles)[number] => [
    `a ramp down, ${spacing}`,
    ramp({ startLr: 1, endLr: 0.1, steps: 30, spacing }),
    (step) => (step < 30 ? [0, step / 30, 30] : [1, 0, Infinity]),
  ]),
  ...[0.1, 0.2].map((endLr): (typeof cycles)[number] => [
    `a ramp from 0.1 to ${endLr}`,
    ramp({ startLr: 0.1, endLr, steps: 30, spacing: 'linear' }),
    () => [0, 0, Infinity],
  ]),
  [
    'sequence of ramps',
    sequence([
      { policy: ramp({ startLr: 0, endLr: 1, steps: 10, spacing: 'linear' }), steps: 10 },
      { policy: ramp({ startLr: 1, endLr: 0, steps: 40, spacing: 'linear' }) },
    ]),
    (step) => (step < 10 ? [0, 0, 10] : step < 50 ? [1, (step - 10) / 40, 50] : [2, 0, Infinity]),
  ],
  [
    'sequence',
    // Three cycles of 4 steps, the third cut to 1 step; then one cycle of 10.5 steps; then no cycles.
    sequence([
      { policy: triangular({ baseLr: 0, maxLr: 1, stepSize: 2 }), steps: 9 },
      { policy: triangular(bounds), steps: 15 },
    ]),
    (step) => {
      if (step < 9) return [Math.floor(step / 4), (step % 4) / 4, Math.min(9, 4 * Math.floor(step / 4) + 4)];
      const own = step - 9;
      return own < 15
        ? [3 + cycleOf(own), (own % 10) / 10, Math.min(24, 19 + 10 * cycleOf(own))]
        : [5, 0, Infinity];
    },
  ],
];

it.each(cycles)('%s gives cycle and phase in any order of steps', (_, policy, at) => {
  const schedule = toSchedule(policy);
  const check = (step: number): void => {
    const { cycle, phase, cycleEnd } = schedule.at(step);
    expect([cycle, cycleEnd]).toEqual([at(step)[0], at(step)[2]]);
    near(phase, at(step)[1]);
  };
  for (let step = 0; step < 90; step++) check(step);
  for (let step = 89; step >= 0; step--) check(step);
});

it('sequence gives each stage its own steps, and continues with the last one', () => {
  const warm = triangular({ baseLr: 0, maxLr: 1, stepSize: 2, momentum });
  const { lr, momentum: momentumAt } = toSchedule(
    sequence([
      { policy: warm, steps: 9 },
      { policy: constant({ lr: 0.5 }), steps: 2 },
      { policy: triangular({ ...bounds, momentum }), steps: 10 },
    ]),
  );
  const stages: Value = (step) =>
    step < 9 ? 1 - Math.abs((step % 4) / 2 - 1) : step < 11 ? 0.5 : swing(triangle(step - 11));
  for (const step of [...Array(60).keys(), ...[...Array(60).keys()].reverse()]) {
    near(lr(step), stages(step));
    if (step === 9 || step === 10) expect(momentumAt(step)).toBeUndefined();
    else near(momentumAt(step)!, against(step < 9 ? stages(step) : triangle(step - 11)));
  }
});

it.each([
  ['constant', constant({ lr: 0.5 })],
  ['a table', table({ values: [0.5] })],
  // The growing cycles of an endless stage have no last one that could be counted.
  ['cycles that grow', cosineRestarts({ baseLr: 0.5, maxLr: 0.5, firstCycle: 5, cycleMultiplier: 2 })],
])('sequence counts a stage without cycles as one cycle, which may be endless: %s', (_, last) => {
  const { at } = toSchedule(
    sequence([
      { policy: constant({ lr: 0.1 }), steps: 3 },
      { policy: sequence([{ policy: table({ values: [0.2, 0.3] }) }]), steps: 4 },
      { policy: last },
    ]),
  );
  expect([0, 2, 3, 6, 7].map((step) => at(step).lr)).toEqual([0.1, 0.1, 0.2, 0.3, 0.5]);
  expect([0, 2, 3, 6, 7].map((step) => at(step).cycle)).toEqual([0, 0, 1, 1, 2]);
  expect([0, 2, 3, 6].map((step) => at(step).cycleEnd)).toEqual([3, 3, 7, 7]);
});

describe('the arithmetic of schedules', () => {
  it('lerp is exact at both ends and in between', () => {
    for (const [a, b] of [
      [0.1, 0.7],
      [1 / 3, 1e-9],
      [-2, 5],
    ] as const) {
      expect([lerp(a, b, 0), lerp(a, b, 1)]).toEqual([a, b]);
      for (const w of [0.1, 0.25, 0.49, 0.5, 0.51, 0.75, 0.9]) near(lerp(a, b, w), a * (1 - w) + b * w, 10);
    }
  });

  it('halfCosine is half a cosine, up to rounding', () => {
    for (let x = 0; x <= 1; x += 1 / 4096)
      expect(Math.abs(halfCosine(x) - Math.sin((Math.PI * x) / 2) ** 2)).toBeLessThan(5e-16);
    expect([halfCosine(0), halfCosine(1)]).toEqual([0, 1]);
  });

  it('powers are exponentials, in any order of steps and across the 256 steps of the table', () => {
    const power = powers(-0.01);
    for (const step of [0, 1, 255, 256, 257, 3, 511, 512, 5000, 256, 255, 70_000, 0])
      expect(power(step) / Math.exp(-0.01 * step)).toBeCloseTo(1, 12);
  });
});

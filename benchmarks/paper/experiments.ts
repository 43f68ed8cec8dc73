import {
  adagrad,
  adam,
  constant,
  cyclic,
  decay,
  expRange,
  type Optimizer,
  oneCycle,
  type Policy,
  ramp,
  rmsProp,
  sequence,
  sgd,
  triangular,
  triangular2,
} from '@clr/core';
import type { NetName } from './net.ts';

/** One training run of the paper, or a run to compare with the paper's runs. */
export interface Experiment {
  readonly name: string;
  /** A short description. */
  readonly what: string;
  readonly net: NetName;
  /** The policy. `'auto'` lets `autoClr` choose it, with default options. */
  readonly policy: Policy | 'auto';
  readonly steps: number;
  readonly optimizer: Optimizer;
  /** The number of examples in a batch. */
  readonly batch: number;
  /** The number of training images, counted from the first image of the data set. */
  readonly images: number;
  /** The number of steps between two evaluations of the test set. */
  readonly lookEvery: number;
  /** Another experiment with the same first `steps` steps. This experiment may start from its checkpoint. */
  readonly startsAs?: { readonly experiment: string; readonly steps: number };
}

/** Caffe's solver: the rate is inside the velocity, and L2 decay is added to the gradient. */
const caffe = sgd({ momentum: 0.9, weightDecay: 0.004, velocity: 'update' });

const of = (
  name: string,
  what: string,
  steps: number,
  policy: Experiment['policy'],
  more: Partial<Experiment> = {},
): Experiment => ({
  ...{ name, what, policy, steps, net: 'full', optimizer: caffe, batch: 100, images: 50_000, lookEvery: 500 },
  ...more,
});

/** Caffe's step decay: a fixed rate that is divided by ten at a given step. */
const drop = (lr: number, at: number): Policy =>
  sequence([{ policy: constant({ lr }), steps: at }, { policy: constant({ lr: lr / 10 }) }]);

/**
 * The paper's Table 2: three stages of triangular2, in which each stage divides the bounds of the previous one by ten.
 */
const table2 = (unit: number): Policy =>
  sequence([
    { policy: triangular2({ baseLr: 1e-3, maxLr: 5e-3, stepSize: 2 * unit }), steps: 16 * unit },
    { policy: triangular2({ baseLr: 1e-4, maxLr: 5e-4, stepSize: unit }), steps: 6 * unit },
    { policy: triangular2({ baseLr: 1e-5, maxLr: 5e-5, stepSize: unit / 2 }) },
  ]);

const bounds = { baseLr: 0.001, maxLr: 0.006, stepSize: 2000 };
const gamma = 0.99994;
const thousands = (steps: number): string => `${steps / 1000}k`;
const peaks = [0.001, 0.0015, 0.002, 0.003, 0.0045] as const;

/** One solver of Table 3: a run with triangular cycles between its bounds, and a run fixed at the lower bound. */
const solver = (name: string, optimizer: Optimizer, baseLr: number, maxLr: number): Experiment[] => [
  of(
    `${name}-triangular`,
    `${name}, triangular .${String(baseLr).slice(2)} to .${String(maxLr).slice(2)}`,
    25_000,
    triangular({ baseLr, maxLr, stepSize: 2000 }),
    { optimizer, lookEvery: 1000 },
  ),
  of(`${name}-fixed`, `${name}, fixed .${String(baseLr).slice(2)}`, 25_000, constant({ lr: baseLr }), {
    optimizer,
    lookEvery: 1000,
  }),
];

const decay4 = { weightDecay: 0.004 };

/**
 * Every experiment, the cheapest first. A run of 25,000 steps also gives the results of shorter runs with the same
 * start.
 */
export const experiments: readonly Experiment[] = [
  of('quick', 'quick net, Caffe’s solver: .001, ÷10 at 4,000', 5000, drop(0.001, 4000), { net: 'quick' }),
  of(
    'quick-clr',
    'quick net, triangular2 .001 to .006, two cycles',
    4000,
    triangular2({ ...bounds, stepSize: 1000 }),
    {
      net: 'quick',
    },
  ),
  ...peaks.map((lr) =>
    of(`quick-decay-${lr}`, `quick net, linear decay from ${lr}`, 4000, decay({ maxLr: lr, steps: 4000 }), {
      net: 'quick',
    }),
  ),
  of(
    'range-test',
    'range test, linear 0 to .02 over 8 epochs',
    4000,
    ramp({ startLr: 0, endLr: 0.02, steps: 4000, spacing: 'linear' }),
    {
      lookEvery: 200,
    },
  ),
  of('triangular2', 'CLR of Table 2: triangular2, three stages', 25_000, table2(1000)),
  of('fixed-8k', 'fixed .001', 8000, constant({ lr: 0.001 })),
  of('fixed', 'fixed .001', 25_000, constant({ lr: 0.001 }), {
    startsAs: { experiment: 'fixed-8k', steps: 8000 },
  }),
  ...[4000, 8000, 25_000].map((steps) =>
    of(
      `drop-${thousands(steps)}`,
      `fixed .001, ÷10 at 80 % of ${thousands(steps)}`,
      steps,
      drop(0.001, 0.8 * steps),
      { startsAs: { experiment: steps > 8000 ? 'fixed' : 'fixed-8k', steps: 0.8 * steps } },
    ),
  ),
  ...[4000, 8000].flatMap((steps) =>
    peaks.map((lr) =>
      of(
        `decay-${thousands(steps)}-${lr}`,
        `linear decay from ${lr} over ${thousands(steps)}`,
        steps,
        decay({ maxLr: lr, steps }),
      ),
    ),
  ),
  ...peaks.map((lr) =>
    of(`decay-25k-${lr}`, `linear decay from ${lr} over 25k`, 25_000, decay({ maxLr: lr, steps: 25_000 })),
  ),
  of(
    'one-cycle-25',
    '1cycle, 25 epochs of batch 128',
    9765,
    oneCycle({
      ...{ maxLr: 0.005, totalSteps: 9765, pctStart: 0.44, divFactor: 10, finalDivFactor: 1000 },
      ...{ anneal: 'linear', threePhase: true, momentum: { base: 0.85, max: 0.95 } },
    }),
    { batch: 128, optimizer: sgd({ momentum: 0.95, weightDecay: 0.003, velocity: 'update' }) },
  ),
  ...[4000, 8000, 25_000].map((steps) =>
    of(`auto-${thousands(steps)}`, `autoClr, no rate given, ${thousands(steps)} steps in all`, steps, 'auto'),
  ),
  ...(['welch', 'hann'] as const).map((window) =>
    of(`window-${window}`, `triangular2, ${window} window`, 8000, triangular2({ ...bounds, window })),
  ),
  of('window-triangular', 'triangular2, triangular window', 8000, triangular2(bounds)),
  of(
    'decay-control',
    'the paper’s decay: .007 to .001 over 4,000, then .001',
    25_000,
    sequence([
      { policy: ramp({ startLr: 0.007, endLr: 0.001, steps: 4000, spacing: 'linear' }), steps: 4000 },
      { policy: constant({ lr: 0.001 }) },
    ]),
  ),
  of(
    'exp-range-bounds',
    'exp_range, both bounds × γ^step',
    42_000,
    expRange({ ...bounds, gamma, decay: 'bounds' }),
    {
      lookEvery: 1000,
    },
  ),
  of('exp-range-amplitude', 'exp_range, amplitude × γ^step', 42_000, expRange({ ...bounds, gamma }), {
    lookEvery: 1000,
  }),
  of(
    'exp',
    'exp: .001 × γ^step',
    70_000,
    // Both bounds are equal and shrink at every step.
    cyclic({
      ...bounds,
      maxLr: 0.001,
      decay: { type: 'geometric', factor: gamma, per: 'step', of: 'bounds' },
    }),
    { lookEvery: 1000 },
  ),
  ...solver(
    'nesterov',
    sgd({ momentum: 0.9, nesterov: true, weightDecay: 0.004, velocity: 'update' }),
    0.001,
    0.006,
  ),
  ...solver('adam', adam(decay4), 0.0005, 0.002),
  ...solver('rmsprop', rmsProp({ ...decay4, alpha: 0.99 }), 0.0001, 0.0003),
  ...solver('adagrad', adagrad(decay4), 0.003, 0.035),
  of(
    'fixed-70k',
    'Caffe’s solver of the full net: .001, ÷10 at 60,000 and 65,000',
    70_000,
    sequence([
      { policy: constant({ lr: 1e-3 }), steps: 60_000 },
      { policy: constant({ lr: 1e-4 }), steps: 5000 },
      { policy: constant({ lr: 1e-5 }) },
    ]),
    { lookEvery: 1000 },
  ),
  // Half the channels, a fifth of the images and a tenth of every length: a check that takes minutes.
  ...(
    [
      ['small-triangular2', 'small: CLR of Table 2', table2(100)],
      ['small-drop', 'small: fixed .001, ÷10 at 80 %', drop(0.001, 2000)],
    ] as const
  ).map(([name, what, policy]) => of(name, what, 2500, policy, { net: 'full-half', images: 10_000 })),
];

/** Finds an experiment. Throws an Error that lists the names. */
export function experimentNamed(name: string): Experiment {
  const found = experiments.find((each) => each.name === name);
  if (found) return found;
  throw new Error(
    `There is no experiment "${name}". Choose one of: ${experiments.map((each) => each.name).join(', ')}.`,
  );
}

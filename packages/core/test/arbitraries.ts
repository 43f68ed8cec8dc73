import fc from 'fast-check';
import {
  type CycleOptions,
  constant,
  cosineRestarts,
  cyclic,
  decay,
  expRange,
  type MomentumRange,
  oneCycle,
  type Policy,
  ramp,
  type Stage,
  sequence,
  table,
  triangular,
  triangular2,
  wsd,
} from '../src/index.ts';

/** Policies with any legal options, even absurd ones. */

const finite = { noNaN: true, noDefaultInfinity: true } as const;
/** From 0 to 1e30, without -0, which JSON cannot hold. */
const rate = fc.double({ min: 0, max: 1e30, ...finite });
const positiveRate = fc.double({ min: Number.MIN_VALUE, max: 1e30, ...finite });
const share = fc.double({ min: 0, max: 1, ...finite });
/** Below 1 also in float32. */
const velocity = fc.double({ min: 0, max: 1 - 2 ** -24, ...finite });
export const factor: fc.Arbitrary<number> = fc.oneof(
  fc.double({ min: Number.MIN_VALUE, max: 1, ...finite }),
  fc.double({ min: 0.99, max: 1, ...finite }),
);
const stepCount = fc.oneof(
  fc.integer({ min: 1, max: 10 }),
  fc.integer({ min: 1, max: 1e5 }),
  fc.maxSafeNat(),
);
const steps = stepCount.map((count) => (count % 2 ** 52) + 1);

/** Any step of a 32-bit counter. */
export const anyStep: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 0, max: 100 }),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);

/** A legal range of rates: the upper bound is above 0, the lower at most as high. */
const bounds = fc
  .tuple(positiveRate, share, fc.boolean())
  .map(([maxLr, part, equal]) => ({ baseLr: equal ? maxLr : Math.min(maxLr, maxLr * part), maxLr }));

const momentum: fc.Arbitrary<MomentumRange> = fc
  .tuple(velocity, velocity)
  .map(([a, b]) => ({ base: Math.min(a, b), max: Math.max(a, b) }));

export const cycleOptions: fc.Arbitrary<CycleOptions> = fc
  .tuple(
    bounds,
    fc.record(
      {
        stepSize: steps,
        stepSizeDown: steps,
        window: fc.constantFrom('triangular', 'welch', 'hann'),
        momentum,
      },
      { requiredKeys: ['stepSize'] },
    ),
  )
  .map(([range, rest]) => ({ ...range, ...rest }));

const geometric = fc.record({
  type: fc.constant('geometric' as const),
  factor,
  per: fc.constantFrom('cycle', 'step'),
  of: fc.constantFrom('amplitude', 'bounds'),
});
const cycleDecay = fc.oneof(fc.constant({ type: 'harmonic' as const }), geometric);

const shape = fc.oneof(
  fc.constantFrom('linear' as const, 'cosine' as const, 'sqrt' as const, 'rex' as const),
  fc.record({ power: fc.double({ min: 1e-3, max: 100, ...finite }) }),
);
/** A length of at most the share `most` of `count` steps: a share, or a whole number of steps. */
const stretch = (count: number, most: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.double({ min: 0, max: most, maxExcluded: most === 1, ...finite }),
    fc.nat({ max: Math.floor((count - 1) * most) }),
  );

/** Policies of each type. */
export const policiesByType: { readonly [T in Exclude<Policy['type'], 'sequence'>]: fc.Arbitrary<Policy> } = {
  constant: positiveRate.map((lr) => constant({ lr })),
  triangular: cycleOptions.map(triangular),
  triangular2: cycleOptions.map(triangular2),
  exp_range: fc
    .tuple(
      cycleOptions,
      fc.record(
        { gamma: factor, decay: fc.constantFrom('amplitude', 'bounds') },
        { requiredKeys: ['gamma'] },
      ),
    )
    .map(([options, rest]) => expRange({ ...options, ...rest })),
  cyclic: fc
    .tuple(cycleOptions, fc.option(cycleDecay))
    .map(([options, decay]) => cyclic(decay ? { ...options, decay } : options)),
  oneCycle: fc
    .record(
      {
        maxLr: positiveRate,
        totalSteps: steps,
        pctStart: share,
        divFactor: fc.double({ min: 1, max: 1e9, ...finite }),
        finalDivFactor: fc.double({ min: 1, max: 1e9, ...finite }),
        anneal: fc.constantFrom('cos', 'linear'),
        threePhase: fc.boolean(),
        momentum,
      },
      { requiredKeys: ['maxLr', 'totalSteps'] },
    )
    .map(({ pctStart, ...options }) =>
      // Three phases need a share of at most a half.
      oneCycle({
        ...options,
        ...(pctStart !== undefined && { pctStart: options.threePhase ? pctStart / 2 : pctStart }),
      }),
    ),
  cosineRestarts: fc
    .tuple(
      bounds,
      fc.record(
        { firstCycle: steps, cycleMultiplier: fc.integer({ min: 1, max: 5 }) },
        { requiredKeys: ['firstCycle'] },
      ),
    )
    .map(([range, rest]) => cosineRestarts({ ...range, ...rest })),
  decay: fc
    .tuple(bounds, steps)
    .chain(([{ baseLr: finalLr, maxLr }, steps]) =>
      fc.record(
        {
          maxLr: fc.constant(maxLr),
          steps: fc.constant(steps),
          warmup: stretch(steps, 1),
          shape,
          finalLr: fc.constant(finalLr),
        },
        { requiredKeys: ['maxLr', 'steps'] },
      ),
    )
    .map(decay),
  wsd: fc
    .tuple(positiveRate, steps, share)
    .chain(([maxLr, steps, part]) =>
      fc.record(
        {
          maxLr: fc.constant(maxLr),
          steps: fc.constant(steps),
          warmup: stretch(steps, 0.7 * part),
          cooldown: stretch(steps, 0.95 * (1 - part)).map((value) => value || 1e-9),
          shape,
          cycles: fc.integer({ min: 1, max: steps < 2 ** 50 ? 5 : 1 }),
        },
        { requiredKeys: ['maxLr', 'steps'] },
      ),
    )
    .map(wsd),
  ramp: fc.oneof(
    fc.record({ startLr: rate, endLr: rate, steps, spacing: fc.constant('linear' as const) }).map(ramp),
    fc
      .record({
        startLr: positiveRate,
        endLr: positiveRate,
        steps,
        spacing: fc.constant('exponential' as const),
      })
      .map(ramp),
  ),
  table: fc.array(rate, { minLength: 1, maxLength: 20 }).map((values) => table({ values })),
};

const simple: fc.Arbitrary<Policy> = fc.oneof(...Object.values(policiesByType));

function sequenceOf(policy: fc.Arbitrary<Policy>): fc.Arbitrary<Policy> {
  // The stages together stay below 2^53 steps, also in a sequence of sequences.
  const short = steps.map((count) => (count % 2 ** 40) + 1);
  const stage: fc.Arbitrary<Stage> = fc.record({ policy, steps: short });
  const last: fc.Arbitrary<Stage> = fc.record({ policy, steps: short }, { requiredKeys: ['policy'] });
  return fc.tuple(fc.array(stage, { maxLength: 4 }), last).map(([stages, end]) => sequence([...stages, end]));
}

/** All policies: each type, and sequences of them, also nested ones. */
export const anyPolicy: fc.Arbitrary<Policy> = fc.oneof(
  simple,
  sequenceOf(fc.oneof({ weight: 4, arbitrary: simple }, { weight: 1, arbitrary: sequenceOf(simple) })),
);

/** The lowest and the highest rate of a policy. */
export function lrBounds(policy: Policy): readonly [low: number, high: number] {
  switch (policy.type) {
    case 'constant':
      return [policy.lr, policy.lr];
    case 'triangular':
    case 'triangular2':
    case 'cosineRestarts':
      return [policy.baseLr, policy.maxLr];
    case 'exp_range':
      return [policy.decay === 'bounds' ? 0 : policy.baseLr, policy.maxLr];
    case 'cyclic': {
      const shrinking = policy.decay?.type === 'geometric' && policy.decay.of === 'bounds';
      return [shrinking ? 0 : policy.baseLr, policy.maxLr];
    }
    case 'decay':
    case 'wsd':
      return [0, policy.maxLr];
    case 'oneCycle': {
      const { maxLr, divFactor = 25, finalDivFactor = 1e4 } = policy;
      return [maxLr / divFactor / finalDivFactor, maxLr];
    }
    case 'ramp':
      return [Math.min(policy.startLr, policy.endLr), Math.max(policy.startLr, policy.endLr)];
    case 'table':
      return [Math.min(...policy.values), Math.max(...policy.values)];
    case 'sequence': {
      const all = policy.stages.map((stage) => lrBounds(stage.policy));
      return [Math.min(...all.map(([low]) => low)), Math.max(...all.map(([, high]) => high))];
    }
  }
}

/** The ranges in which a policy may cycle momentum. Empty if it does not cycle momentum. */
export function momentumRanges(policy: Policy): readonly MomentumRange[] {
  if (policy.type === 'sequence') return policy.stages.flatMap((stage) => momentumRanges(stage.policy));
  return 'momentum' in policy && policy.momentum ? [policy.momentum] : [];
}

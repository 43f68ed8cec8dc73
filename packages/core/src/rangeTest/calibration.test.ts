import { describe, expect, it, vi } from 'vitest';
import type { Trainable } from '../trainable/trainable.ts';
import type { Axis } from './axis.ts';
import * as calibration from './calibration.ts';
import type { Evidence } from './evidence.ts';
import type { PooledTrace } from './poolTraces.ts';
import type { RangeTestOptions } from './rangeTestOptions.ts';
import type { RangeTestPoint, RangeTestTrace } from './trace.ts';

/** The modules that use the calibration, loaded with the calibration under test. */
async function loadModules() {
  const [
    axis,
    pool,
    smoothed,
    curve,
    smoother,
    features,
    refusals,
    resample,
    suggest,
    distances,
    watch,
    analysis,
    test,
    high,
    shares,
    spoiled,
    accuracy,
  ] = await Promise.all([
    import('./axis.ts'),
    import('./poolTraces.ts'),
    import('./looksSmoothed.ts'),
    import('./curve.ts'),
    import('./createSmoother.ts'),
    import('./features.ts'),
    import('./refusals.ts'),
    import('./resampleEdges.ts'),
    import('./suggest.ts'),
    import('./distances.ts'),
    import('./divergence.ts'),
    import('./analyzeRangeTest.ts'),
    import('./rangeTest.ts'),
    import('./highStart.ts'),
    import('./sharesAlone.ts'),
    import('./spoiledByData.ts'),
    import('./accuracyReading.ts'),
  ]);
  return {
    ...high,
    ...shares,
    ...spoiled,
    ...accuracy,
    ...axis,
    ...pool,
    ...smoothed,
    ...curve,
    ...smoother,
    ...features,
    ...refusals,
    ...resample,
    ...suggest,
    ...distances,
    ...watch,
    ...analysis,
    ...test,
  };
}
type Modules = Awaited<ReturnType<typeof loadModules>>;

const range = (from: number, to: number, by = 1): number[] =>
  Array.from({ length: Math.round((to - from) / by) + 1 }, (_, i) => from + i * by);
const points = (losses: readonly number[], decades: readonly number[]): RangeTestPoint[] =>
  losses.map((loss, step) => ({ step, lr: 10 ** decades[step]!, loss }));

const decadeAxis: Axis = { spacing: 'exponential', place: Math.log10, rate: (place) => 10 ** place };

/** A curve of these losses, 40 per decade, each in its own bin. */
const curveOf = (m: Modules, losses: readonly number[]) =>
  m.toCurve(
    points(
      losses,
      range(0, losses.length - 1).map((i) => i / 40),
    ),
    decadeAxis,
  );

/** Losses whose second differences are 1, 2, 3, …: their median shows which steps were used. */
const cubes = (n: number): number[] => range(0, n - 1).map((i) => i ** 3 / 6 - i / 6);
const deviations = (bend: number): number => (1.4826 * bend) / Math.sqrt(6);

/** A noiseless fall by 1 and a rise by 1, each a decade long, with the bottom at rate 1. */
const vee = (m: Modules) => {
  const x = range(-1, 1, 0.01);
  return m.featuresOf(
    { x, level: 1 },
    x.map((x) => Math.abs(x)),
  );
};

const noPoints: PooledTrace = {
  sweeps: [],
  points: [],
  broken: undefined,
  afterCoarse: false,
  constantLoss: Infinity,
  sharesLoss: Infinity,
  diverged: false,
  smoothed: false,
  metric: 'loss',
};

/** Evidence that passes every refusal, with the given changes. */
function evidence(
  given: Partial<
    Evidence['features'] &
      Evidence['curve'] &
      Pick<PooledTrace, 'diverged' | 'afterCoarse' | 'constantLoss'> & { low: number }
  >,
): Evidence {
  const x = given.x ?? range(0, 5, 0.5);
  const { steps = 100, start = 0, noise = 0, depth = 1, bottom = 3, edge = 4, lost = 4 } = given;
  const { diverged = true, afterCoarse = false, constantLoss = Infinity, low = start } = given;
  const first = { step: 0, lr: 1, loss: 1 };
  return {
    trace: { ...noPoints, diverged, afterCoarse, constantLoss },
    axis: decadeAxis,
    curve: { x, y: x, count: x, steps, first, last: first, start, level: start, noise },
    smooth: (y) => [...y],
    smoothed: x.map(() => low),
    features: { fall: 1, depth, bottom, edge, lost },
    sharesAlone: false,
    margin: 0.5,
  };
}
/** True if the analysis reads an accuracy that rises by `depth`, without noise. */
const reads = (m: Modules, depth: number, of: { startNoise: number; answer: number }): boolean => {
  const made = evidence({ depth, bottom: 3 });
  const curve = { ...made.curve, count: made.curve.x.map(() => 1) };
  return m.readAccuracy({ ...made, curve }, of, 'training') !== undefined;
};
const refusesOnly = (m: Modules, given: Parameters<typeof evidence>[0]): string =>
  m.refusals
    .filter(({ applies }) => applies(evidence(given)))
    .map(({ name }) => name)
    .join();

/** A sweep without noise from 1e-4 to 10. Its loss falls around 1e-2 and is back soon after 0.3. */
const trace: RangeTestTrace = {
  version: 1,
  spacing: 'exponential',
  startLr: 1e-4,
  endLr: 10,
  points: points(
    range(-4, 1, 0.025).map(
      (x) =>
        2.3 -
        1.5 / (1 + Math.exp(-4 * (x + 2))) +
        3 / (1 + Math.exp(-10 * (x + 0.2))) +
        0.4 * Math.sin(1e4 * x ** 2),
    ),
    range(-4, 1, 0.025),
  ),
};
/** The accuracies of a sweep from 1e-5 to 10 without losses. */
const accuracies = (accuracy: (decade: number) => number): RangeTestPoint[] =>
  range(-5, 1, 0.025).map((x, step) => ({ step, lr: 10 ** x, loss: null, accuracy: accuracy(x) }));
const linear: RangeTestTrace = {
  version: 1,
  spacing: 'linear',
  startLr: 0,
  endLr: 1,
  points: range(0, 299).map((step) => {
    const lr = step / 299;
    return { step, lr, loss: 2 - lr / (0.02 + lr) + Math.max(0, lr - 0.6) * 6 + 0.01 * Math.sin(1e4 * step) };
  }),
};
const ratesOf = (m: Modules, options: Parameters<Modules['analyzeRangeTest']>[1]) => {
  const { edgeLr, suggestion } = m.analyzeRangeTest(trace, options);
  return { edgeLr: edgeLr!, ...suggestion! };
};
const below =
  (kind: keyof typeof calibration.decadesBelowEdge, rate: 'maxLr' | 'fixedLr') => (m: Modules) => {
    const { edgeLr, [rate]: lr } = ratesOf(m, {
      steps: 500,
      ...(kind !== 'unknown' && { updateKind: kind }),
    });
    return Math.log10(edgeLr / lr);
  };

const logit = (p: number): number => Math.log(p / (1 - p));

/** A suggestion at edge 1. The hundred edges are 0.01 decades apart, and half of them are below 1. */
const suggested = (
  m: Modules,
  decadesBelow: readonly number[] = [],
  edges = range(-0.5, 0.49, 0.01),
  gain = 0,
) =>
  m.suggest(
    {
      ...noPoints,
      points: points(
        decadesBelow.map(() => 1),
        decadesBelow.map((x) => -x),
      ),
    },
    0,
    edges,
    m.distances('unknown', 500),
    500,
    gain,
  );
const widthOf = (rate: 'baseLr' | 'maxLr' | 'fixedLr') => (m: Modules) => {
  const [low, high] = suggested(m).interval[rate];
  return Math.log10(high / low);
};

/** The number of losses after which a sweep counts as diverged. */
const divergesAfter = (m: Modules, losses: readonly number[]): number => {
  const watch = m.createDivergenceWatch();
  return losses.findIndex((loss) => {
    watch.see(loss);
    return watch.diverged;
  });
};
/** A step whose loss is not finite. */
const nan = (decade: number): RangeTestPoint => ({ step: 999, lr: 10 ** decade, loss: null });
/** True if the data are blamed for a non-finite loss after these losses. */
const brokenAfter = (m: Modules, losses: readonly number[], decade = -4): boolean =>
  m.spoiledByData({
    points: [
      ...points(
        losses,
        losses.map((_, i) => i / 100 - 9),
      ),
      nan(decade),
    ],
  }) !== undefined;
const times = (n: number, ...losses: readonly number[]): number[] => range(1, n).flatMap(() => losses);

/** A range test of a model whose loss is a function of the rate alone. */
const tested = (
  m: Modules,
  loss: (decade: number, step: number) => number,
  options: RangeTestOptions<null> = {},
  more: Partial<Trainable<null>> = {},
): Promise<RangeTestTrace> => {
  let step = 0;
  const trainable: Trainable<null> = {
    ...more,
    trainStep: (_, { lr }) => ({ loss: loss(Math.log10(lr), step++) }),
    evaluate: async () => ({ loss: 0 }),
    snapshot: async () => ({}),
    restore: async () => {},
    dispose: () => {},
  };
  return m.rangeTest(trainable, [null], options);
};
/** The loss falls by 1 around 1e-2 and rises again at 0.1, to `height` above its start. */
const valleyTo = (height: number) => (x: number) =>
  1 - 1 / (1 + Math.exp(-12 * (x + 2))) + (1 + height) / (1 + Math.exp(-40 * (x + 1)));
/** A similar curve with a slow rise to 0.1, a jump at 10, and noise. Its edge is hard to find. */
const noisy = (noise: number) => {
  let state = 14;
  const random = () => {
    state = (Math.imul(state, 48271) >>> 0) % 2147483647;
    return state / 2147483647;
  };
  return (x: number) =>
    1 -
    1 / (1 + Math.exp(-12 * (x + 2))) +
    0.4 * Math.max(0, x + 1) +
    (x > 1 ? 20 : 0) +
    noise * (random() + random() + random() - 1.5);
};

/**
 * Losses whose differences form a cosine wave, so that neighbouring differences have the correlation `memory`. The
 * first `noisy` differences are small and have the correlation −0.6.
 */
const wave = ({ memory, steps, noisy = 0 }: { memory: number; steps: number; noisy?: number }) => {
  let loss = 0;
  return range(0, steps - 1).map((step): RangeTestPoint => {
    const point = { step, lr: step, loss };
    loss += step < noisy ? 1e-3 * Math.cos(step * Math.acos(-0.6)) : Math.cos(step * Math.acos(memory));
    return point;
  });
};

interface Row {
  /** The paths of the numbers that this row checks. */
  readonly pins: readonly string[];
  readonly see: (m: Modules) => unknown;
  readonly value: unknown;
}

const kinds = ['sgd', 'momentum', 'adaptive', 'rmsProp', 'unknown'] as const;
const decades = {
  sgd: [0.255, 0.45],
  momentum: [0.54, 0.9],
  adaptive: [0.68, 0.95],
  rmsProp: [0.05, 0.7],
  unknown: [0.5, 0.85],
};

/** One or more rows for each number. A row states a consequence of its numbers, computed here explicitly. */
const table: readonly Row[] = [
  ...kinds.flatMap((kind) => [
    { pins: [`decadesBelowEdge.${kind}.maxLr`], see: below(kind, 'maxLr'), value: decades[kind][0] },
    { pins: [`decadesBelowEdge.${kind}.fixedLr`], see: below(kind, 'fixedLr'), value: decades[kind][1] },
  ]),
  {
    pins: ['longTraining.exponent', 'longTraining.steps'],
    see: (m) =>
      (['sgd', 'adaptive'] as const).map((updateKind) => {
        const [short, usual, long] = [500, 1000, 100_000].map(
          (steps) => ratesOf(m, { updateKind, steps }).maxLr,
        );
        return [usual! / short!, long! / usual!];
      }),
    value: [
      [1, 100 ** -0.3],
      [1, 1],
    ],
  },
  ...kinds.map((kind) => ({
    // A linear sweep to 1, whose rise begins at 0.6.
    pins: [`linearEdge.${kind}`],
    see: (m: Modules) => {
      const options = { steps: 500, ...(kind !== 'unknown' && { updateKind: kind }) };
      const { edgeLr, suggestion } = m.analyzeRangeTest(linear, options);
      return Math.log10(edgeLr! / suggestion!.maxLr);
    },
    value: decades[kind][0]! + { sgd: 0.1, momentum: 0.05, adaptive: 0.3, rmsProp: 0.3, unknown: 0.1 }[kind],
  })),
  {
    // Maps rates from 0 to 7 onto positions from 0 to 5.
    pins: ['linearLength'],
    see: (m) => m.axisOf([{ spacing: 'linear', endLr: 7 }]).place(7),
    value: 5,
  },
  {
    // Four, five or seven losses follow after a missing one.
    pins: ['gap'],
    see: (m) =>
      [4, 5, 7].map((after) => {
        const losses = [...times(9, 1), null, ...times(after, 2), null];
        const points = losses.map((loss, step) => ({ step, lr: step + 1, loss }));
        return m.poolTraces({ ...linear, points }).broken?.step;
      }),
    value: [9, 14 + 1, 16 + 1],
  },
  {
    pins: ['startWindow.linear'],
    see: (m) => m.toCurve(points(range(0, 99), range(0, 99)), m.axisOf([linear])).start,
    value: 1,
  },
  {
    // The accuracy rises over two decades and stays. Nine tenths of the rise are done a fifth of a decade before its
    // end.
    pins: ['slowShare'],
    see: (m) => {
      const rise = (x: number) => 0.5 * Math.min(1, Math.max(0, (x + 3) / 2));
      const { accuracy } = m.analyzeRangeTest({ ...trace, points: accuracies(rise) });
      return Math.round(10 * Math.log10(accuracy!.slowsLr!));
    },
    value: -12,
  },
  {
    pins: ['clearChange.noises'],
    see: (m) => [0.59, 0.61].map((depth) => reads(m, depth, { startNoise: 0.1, answer: 0 })),
    value: [false, true],
  },
  {
    // The bins are half a decade apart, as for `smoothing.neighbours`.
    pins: ['clearChange.answers'],
    see: (m) => {
      const weights = [1, 1, 2, 2].map((distance) => (1 - (distance / 3) ** 3) ** 3);
      const sum = weights.reduce((all, weight) => all + weight, 1);
      const luck = weights.reduce((all, weight) => all + (weight / sum) ** 2, 1 / sum ** 2);
      return [0.39, 0.41].map((depth) => reads(m, depth * luck, { startNoise: 0, answer: 0.1 }));
    },
    value: [false, true],
  },
  {
    pins: ['accuracyEdge'],
    see: (m) => {
      const peak = (x: number) => Math.max(0, 0.5 - 0.25 * Math.abs(x + 1));
      const { accuracy, edgeLr } = m.analyzeRangeTest({ ...trace, points: accuracies(peak) });
      return Math.log10(accuracy!.fallsLr! / edgeLr!);
    },
    value: 0.085,
  },
  { pins: ['boundsRatio'], see: (m) => ratesOf(m, {}).maxLr / ratesOf(m, {}).baseLr, value: 6 },
  {
    pins: ['lengthExponent'],
    see: (m) => ratesOf(m, { steps: 50_000 }).fixedLr / ratesOf(m, { steps: 500 }).fixedLr,
    value: 100 ** -0.35,
  },
  {
    pins: ['referenceSteps'],
    see: (m) => Math.log10(ratesOf(m, {}).edgeLr / ratesOf(m, { steps: 5000 }).fixedLr),
    value: 0.85 + 0.35,
  },
  {
    pins: range(0, 5).map((i) => `lostShares.${i}`),
    see: (m) => vee(m).edge,
    value: (0.05 + 0.1 + 0.2 + 0.3 + 0.4 + 0.5) / 6,
  },
  { pins: ['lostShares.5'], see: (m) => vee(m).lost, value: 0.5 },
  { pins: ['fallShare'], see: (m) => Math.round(100 * vee(m).fall), value: -90 },

  {
    pins: ['binsPerDecade'],
    see: (m) => m.toCurve(points(times(2001, 1), range(-1, 1, 0.001)), decadeAxis).x.length,
    value: 81,
  },
  {
    pins: ['smoothing.decades'],
    see: (m) => {
      const x = range(-40, 40).map((i) => i / 40);
      return m.createSmoother({ x, count: times(81, 1) })(x.map((x) => (x === 0 ? 1 : 0)))[40];
    },
    value: 1 / range(-7, 7).reduce((sum, i) => sum + (1 - Math.abs(i / 8) ** 3) ** 3, 0),
  },
  {
    // The bins are half a decade apart. The fifth nearest neighbour is the third to one side, so the reach is 1.5
    // decades.
    pins: ['smoothing.neighbours'],
    see: (m) => {
      const x = range(-10, 10).map((i) => i / 2);
      return m.createSmoother({ x, count: times(21, 1) })(x.map((x) => (x === 0 ? 1 : 0)))[10];
    },
    value: 1 / (1 + 2 * (1 - (1 / 3) ** 3) ** 3 + 2 * (1 - (2 / 3) ** 3) ** 3),
  },
  { pins: ['startWindow.share'], see: (m) => curveOf(m, range(0, 999)).start, value: 49.5 },
  { pins: ['startWindow.steps'], see: (m) => curveOf(m, range(0, 19)).start, value: 2 },
  { pins: ['noiseWindow.share'], see: (m) => curveOf(m, cubes(200)).noise, value: deviations(49.5) },
  { pins: ['noiseWindow.steps'], see: (m) => curveOf(m, cubes(24)).noise, value: deviations(9.5) },
  {
    pins: ['ceiling.gains'],
    see: (m) => curveOf(m, [...times(60, 1), 0, 9]).y.at(-1),
    value: 1 + 2,
  },
  {
    // The losses alternate between 0 and 2: the lowest lies 1 below the start, and all second differences are 4.
    pins: ['ceiling.noises'],
    see: (m) => curveOf(m, [...times(50, 0, 2), 99]).y.at(-1),
    value: 1 + 2 + 8 * deviations(4),
  },

  {
    pins: ['minSweep.steps'],
    see: (m) => [19, 20].map((steps) => refusesOnly(m, { steps })),
    value: ['tooShort', ''],
  },
  {
    pins: ['minSweep.bins'],
    see: (m) => [8, 9].map((last) => refusesOnly(m, { x: range(0, last).map((i) => i / 2) })),
    value: ['tooShort', ''],
  },
  {
    pins: ['minSweep.advised'],
    see: (m) =>
      m.refusals
        .find(({ name }) => name === 'tooShort')!
        .reason(evidence({}))
        .match(/Take (\S+) steps/)![1],
    value: '100',
  },
  {
    // With four decades in 100 steps, a smoothed value has √(4 / 100), a fifth, of the noise of a step.
    pins: ['doubt.noises'],
    see: (m) => [11.9, 12.1].map((depth) => refusesOnly(m, { x: range(0, 4, 0.4), noise: 5, depth })),
    value: ['flat', ''],
  },
  {
    pins: ['doubt.rounding'],
    see: (m) => [0.9, 1.1].map((depth) => refusesOnly(m, { start: -1e6, depth })),
    value: ['flat', ''],
  },
  {
    pins: ['highStart'],
    see: (m) => [1.45, 1.55].map((start) => m.isHigh(start, 1)),
    value: [false, true],
  },
  {
    pins: ['unevenClasses.shares'],
    see: (m) =>
      [1.9, 2.1].map((times) => m.uninformedLoss({ loss: 3, accuracy: times * Math.exp(-3) }, 4) === 3),
    value: [true, false],
  },
  {
    pins: ['unevenClasses.start'],
    see: (m) => [8.9, 9.1].map((start) => m.uninformedLoss({ loss: 3, accuracy: 0.2 }, start) === 3),
    value: [false, true],
  },
  {
    pins: ['minGain'],
    see: (m) =>
      [0.0045, 0.0055].map((gain) => refusesOnly(m, { start: 1.2, constantLoss: 1, low: 1 - gain })),
    value: ['noBetterThanConstant', ''],
  },
  {
    pins: ['dataFault.passed'],
    see: (m) =>
      [2.9, 3.1].map((factor) => {
        const coarse = points([9, 1], [-3, Math.log10(factor)]);
        return m.spoiledByData({ points: [...points([1, 9], [-2, -1]), nan(0)], coarse })?.lr;
      }),
    value: [undefined, 1],
  },
  {
    pins: ['dataFault.below'],
    see: (m) => [-3.01, -2.99].map((decade) => brokenAfter(m, times(50, 1), decade)),
    value: [true, false],
  },
  {
    pins: ['dataFault.share'],
    see: (m) => [1.019, 1.021].map((last) => brokenAfter(m, [...times(50, 1), last])),
    value: [true, false],
  },
  {
    // The losses alternate between 0 and 2: all second differences are 4.
    pins: ['dataFault.noises'],
    see: (m) =>
      [-0.1, 0.1].map((more) =>
        brokenAfter(m, [...times(50, 0, 2), 0, 1, 1 + 0.02 + 6 * deviations(4) + more]),
      ),
    value: [true, false],
  },
  {
    pins: ['minDescent'],
    see: (m) => [0.09, 0.11].map((bottom) => refusesOnly(m, { bottom })),
    value: ['risingFromTheStart', ''],
  },
  {
    pins: ['minRoom'],
    see: (m) => [0.9, 1.1].map((edge) => refusesOnly(m, { edge })),
    value: ['startsNearTheEdge', ''],
  },
  {
    // Noise explains a fall of 12 · 5 · √(4 / 100) = 12. The fall is 2.1 times as deep.
    pins: ['provenRises.0.decades'],
    see: (m) => [3.91, 3.89].map((lost) => risen(m, { depth: 25.2, lost })),
    value: ['neverDiverged', ''],
  },
  {
    pins: ['provenRises.0.doubts'],
    see: (m) => [23.9, 24.1].map((depth) => risen(m, { depth, lost: 3.8 })),
    value: ['neverDiverged', ''],
  },
  {
    pins: ['provenRises.1.decades'],
    see: (m) => [3.1, 2.9].map((lost) => risen(m, { depth: 20, lost })),
    value: ['neverDiverged', ''],
  },
  {
    pins: ['provenRises.1.doubts'],
    see: (m) => [16.7, 16.9].map((depth) => risen(m, { depth, lost: 0 })),
    value: ['neverDiverged', ''],
  },

  {
    pins: ['smoothedNoise.above', 'smoothedNoise.below'],
    see: (m) => [-0.36, -0.2, 0.38, 0.68].map((memory) => m.looksSmoothed(wave({ memory, steps: 151 }))),
    value: [false, true, true, false],
  },
  {
    pins: ['smoothedNoise.steps'],
    see: (m) => [30, 31].map((steps) => m.looksSmoothed(wave({ memory: 0, steps }))),
    value: [false, true],
  },
  {
    // There are eight windows of 30 steps, 15 apart, and the third lowest counts. In the first case two windows contain
    // only noise, in the second case three.
    pins: ['smoothedNoise.quartile'],
    see: (m) => [45, 60].map((noisy) => m.looksSmoothed(wave({ memory: 0, steps: 136, noisy }))),
    value: [true, false],
  },

  {
    pins: ['defaultResamples'],
    see: (m) => {
      const intervalOf = (resamples?: number) =>
        JSON.stringify(ratesOf(m, resamples === undefined ? {} : { resamples }).interval);
      return [60, 30, 96].map((resamples) => intervalOf(resamples) === intervalOf());
    },
    value: [true, false, false],
  },
  {
    // The generator of Numerical Recipes starts with 0.24, 0.28, 0.69, … A number below ½ flips the noise of a block.
    pins: ['noiseBlock'],
    see: (m) => {
      const seen: string[] = [];
      const y = times(24, 1);
      const smooth = (losses: readonly number[]) => {
        seen.push(losses.map((loss) => (loss > 0 ? '+' : '-')).join(''));
        return [...losses];
      };
      const { curve, ...rest } = evidence({});
      m.resampleEdges({ ...rest, curve: { ...curve, y }, smooth, smoothed: y.map(() => 0) }, 1);
      return seen;
    },
    value: ['----------------++++++++'],
  },
  {
    pins: ['intervalTail'],
    see: (m) => suggested(m).interval.maxLr.map((lr) => Math.log10(lr)),
    value: [-0.45 - 0.5 - 0.15, 0.44 - 0.5 + 0.15],
  },
  { pins: ['widening.baseLr'], see: widthOf('baseLr'), value: 0.89 + 0.3 },
  { pins: ['widening.maxLr'], see: widthOf('maxLr'), value: 0.89 + 0.3 },
  { pins: ['widening.fixedLr'], see: widthOf('fixedLr'), value: 0.89 + 0.6 },
  {
    pins: ['certainty.most', 'certainty.scale'],
    see: (m) => suggested(m, times(14, 0.5), [0]).certainty,
    value: 0.7 * (1 - Math.exp(-1)),
  },
  {
    pins: ['certainty.agreement'],
    see: (m) => suggested(m, times(14, 0.5), [-0.19, -0.17, 0, 0.19]).certainty,
    value: 0.5 * 0.7 * (1 - Math.exp(-1)),
  },
  {
    pins: ['chance.base', 'chance.gain', 'chance.density'],
    see: (m) =>
      [
        [0, 1],
        [0.5, 1],
        [0.5, 9],
      ].map(([gain, steps]) => logit(suggested(m, times(steps!, 0.5), [0], gain).confidence)),
    value: [
      -1.54 + 0.37 * Math.log(2),
      -1.54 + 2.94 * 0.5 + 0.37 * Math.log(2),
      -1.54 + 2.94 * 0.5 + 0.37 * Math.log(10),
    ],
  },
  {
    pins: ['chance.maxGain', 'chance.maxSteps'],
    see: (m) => logit(suggested(m, times(300, 0.5), [0], 1).confidence),
    value: -1.54 + 2.94 * 0.8 + 0.37 * Math.log(109),
  },
  {
    pins: ['certainty.window'],
    see: (m) => suggested(m, [0.1, 0.4, 0.6, 0.9, 1.1, 1.5], [0]).certainty,
    value: 0.7 * (1 - Math.exp(-4 / 14)),
  },

  {
    // The head holds ten losses of 0 and ten of 5, so the step from 0 to 5 counts as noise. With a head of ten losses
    // it would count as a rise.
    pins: ['divergence.head'],
    see: (m) => divergesAfter(m, [...times(10, 0), ...times(40, 5)]),
    value: -1,
  },
  {
    // Three losses of five decide the median.
    pins: ['divergence.head', 'divergence.tail'],
    see: (m) => divergesAfter(m, [...times(20, 0), ...times(20, 1)]),
    value: 22,
  },
  {
    // The gain is 1, so the median must rise above the start by more than 2. The rule for the last 20 losses would stop
    // the sweep only later.
    pins: ['divergence.gains'],
    see: (m) =>
      [1.9, 2.1].map((rise) => divergesAfter(m, [...times(20, 0), ...times(9, -1), ...times(9, rise)])),
    value: [-1, 31],
  },
  {
    pins: ['divergence.noises'],
    see: (m) => [7.9, 8.1].map((rise) => divergesAfter(m, [...times(10, -1, 1), ...times(9, rise)])),
    value: [-1, 22],
  },

  {
    pins: ['coarseSweep.startLr', 'coarseSweep.endLr', 'coarseSweep.oneIn', 'rangeTestSteps.more'],
    see: async (m) => {
      const { startLr, endLr, points } = await tested(m, (x) => -x);
      return [startLr, endLr, points.length];
    },
    value: [1e-6, 1e4, 160],
  },
  {
    pins: ['coarseSweep.below', 'rangeTestSteps.first'],
    see: async (m) => {
      const { coarse, startLr, endLr, points, stopped } = await tested(m, valleyTo(20));
      const wide = { version: 1, spacing: 'exponential', startLr: 1e-6, endLr: 1e4 } as const;
      const { edgeLr } = m.analyzeRangeTest(
        { ...wide, points: coarse!, stopped: { step: 9, reason: 'diverged' } },
        { smoothing: 'none' },
      );
      const ratio = Math.log(endLr / startLr) / Math.log(points[1]!.lr / points[0]!.lr);
      return [edgeLr! / startLr, stopped?.reason, coarse!.length + ratio + 1];
    },
    value: [100, 'diverged', 200],
  },
  {
    // The classes are uneven. From equal probabilities, the loss falls from 4.5 to that of the class shares.
    pins: ['coarseSweep.belowShares'],
    see: async (m) => {
      const constantAnswer = async () => ({ loss: 3.5, accuracy: 0.2 });
      const startLr = async (more: Partial<Trainable<null>>) =>
        (await tested(m, (x) => 3.5 + valleyTo(20)(x), {}, more)).startLr;
      return (await startLr({})) / (await startLr({ constantAnswer }));
    },
    value: 300 / 100,
  },
  {
    // If the loss rises little above its start, the sweep continues until the last twenty losses have lost the whole
    // gain.
    pins: ['coarseSweep.above'],
    see: async (m) => {
      const { startLr, endLr } = await tested(m, valleyTo(0.2), { steps: 150 });
      return endLr / startLr;
    },
    value: 100 * 30,
  },
  {
    pins: ['coarseSweep.ahead'],
    see: async (m) => {
      const { coarse, startLr } = await tested(m, (x) => (x > -1 ? Number.NaN : 1));
      return coarse!.at(-1)!.lr / startLr;
    },
    value: 100 * 10 ** (80 / 159),
  },
  {
    pins: ['rangeTestSteps.least'],
    see: async (m) => {
      const long = (steps: number) => tested(m, valleyTo(20), { steps });
      return [(await long(99)).endLr, (await long(100)).coarse !== undefined];
    },
    value: [10, true],
  },
  {
    pins: ['rangeTestSteps.sure', 'rangeTestSteps.more'],
    see: (m) => Promise.all([0, 0.3].map(async (noise) => coarseSteps(await tested(m, noisy(noise))))),
    value: [80, 160],
  },
  {
    pins: ['sharpnessWindow.below', 'sharpnessWindow.looks'],
    see: async (m) => {
      const { sharpness = [], startLr } = await tested(
        m,
        valleyTo(20),
        {},
        { batchSharpness: async () => 1 },
      );
      const [first, second] = sharpness.map(({ lr }) => Math.log10(lr / startLr));
      return [sharpness.length, Math.round(10 * first!), Math.round(10 * (second! - first!))];
    },
    value: [8, 6, 2],
  },
  {
    pins: ['sharpestOf'],
    see: (m) => {
      const sharpness = [2, 20, 200, 2000].map((sharpness, step) => ({ step, lr: 1, sharpness }));
      const trace: RangeTestTrace = {
        ...{ version: 1, spacing: 'exponential', startLr: 1, endLr: 2, points: [], momentum: 0 },
        sharpness,
      };
      return Math.log10(m.highestBySharpness(trace, { updateKind: 'adaptive' }));
    },
    value: -2,
  },
  {
    // Batches at a quarter of the edge count; batches at lower rates do not.
    pins: ['sharpnessWindow.near'],
    see: async (m) => {
      const curve = await tested(m, valleyTo(20));
      const { edgeLr } = m.analyzeRangeTest(curve);
      const counted = (share: number): boolean => {
        const sharpness = [{ step: 0, lr: edgeLr! / share, sharpness: 1 }];
        return m.analyzeRangeTest({ ...curve, sharpness }, { updateKind: 'sgd' }).reasons.length > 1;
      };
      return [counted(3.9), counted(4.1)];
    },
    value: [true, false],
  },
  {
    pins: ['plainSweep.startLr', 'plainSweep.endLr', 'plainSweep.steps'],
    see: async (m) => {
      const [from, to] = [
        await tested(m, (x) => -x, { startLr: 1e-3 }),
        await tested(m, (x) => -x, { endLr: 1 }),
      ];
      return [from.endLr, from.points.length, to.startLr];
    },
    value: [10, 400, 1e-6],
  },
];

const risen = (m: Modules, { depth, lost }: { readonly depth: number; readonly lost: number }): string =>
  refusesOnly(m, { x: range(0, 4, 0.4), noise: 5, depth, lost, diverged: false });
/** The number of steps of the coarse sweep over its ten decades. */
const coarseSteps = ({ coarse }: RangeTestTrace): number =>
  Math.round(10 / Math.log10(coarse![1]!.lr / coarse![0]!.lr)) + 1;

/** Checks equality, of numbers to twelve digits. */
function agrees(actual: unknown, stated: unknown): boolean {
  if (typeof stated === 'number' && typeof actual === 'number')
    return Math.abs(actual - stated) <= 1e-9 * Math.max(1, Math.abs(stated)) || Object.is(actual, stated);
  if (Array.isArray(stated))
    return Array.isArray(actual) && stated.every((value, i) => agrees(actual[i], value));
  return actual === stated;
}

/** All numbers of the calibration, by path. */
function numbersIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value === 'number') return [path];
  return Object.entries(value as object).flatMap(([name, inner]) => numbersIn(inner, [...path, name]));
}
const numbers = numbersIn(calibration);

/** The calibration with one number multiplied. */
function mutated(value: unknown, [name, ...rest]: readonly string[], factor: number): unknown {
  if (name === undefined) return (value as number) * factor;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  const slots = copy as Record<string, unknown>;
  slots[name] = mutated(slots[name], rest, factor);
  return copy;
}

describe('the numbers of the calibration', () => {
  it.each(table.map((row) => [row.pins.join(', '), row] as const))(
    '%s has the stated effect',
    async (_, { see, value }) => {
      const seen = await see(await loadModules());
      expect(agrees(seen, value), `${JSON.stringify(seen)} instead of ${JSON.stringify(value)}`).toBe(true);
    },
  );

  it.each(numbers.map((path) => [path.join('.'), path] as const))(
    'a row fails if %s is halved or multiplied by 1.6',
    async (name, path) => {
      const rows = table.filter(({ pins }) => pins.includes(name));
      expect(rows.length, 'a row pins it').toBeGreaterThan(0);
      for (const factor of [0.5, 1.6]) {
        vi.resetModules();
        vi.doMock('./calibration.ts', () => mutated({ ...calibration }, path, factor) as object);
        // Import this module first: parallel imports may bypass a mock that is still being registered.
        expect(await import('./calibration.ts'), 'the mock').not.toEqual(calibration);
        try {
          const modules = await loadModules();
          const outcomes = await Promise.all(
            rows.map(async ({ see, value }) =>
              agrees(await Promise.resolve(modules).then(see).catch(String), value),
            ),
          );
          expect(outcomes, `times ${factor}`).toContain(false);
        } finally {
          vi.doUnmock('./calibration.ts');
          vi.resetModules();
        }
      }
    },
  );
});

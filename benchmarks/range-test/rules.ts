/** The rules that `score.ts` compares: those of other libraries and clr's analysis. Each uses only stored data. */
import {
  analyzeRangeTest,
  type RangeTestFinding,
  type RangeTestTrace,
  type UpdateKind,
  updateKindOf,
} from '@clr/core';
import { libraryRules } from './libraries.ts';
import { findByDefault, replay, replayAdaptive } from './replay.ts';
import { seeds, settings } from './settings.ts';
import { quarterOf, type StoredAdaptive, type StoredSweep, type StoredTruth, type Truth } from './store.ts';
import { sweeps as plans, type SweepName } from './sweeps.ts';

/** A rule's answer for one run: the rate for training at a constant rate, and the rate that must be stable. */
export interface Answer {
  readonly fixedLr: number;
  readonly maxLr: number;
  readonly finding?: RangeTestFinding;
  /** The steps of the sweeps. */
  readonly cost?: number;
}

/** The stored data of a setting. */
interface Stored {
  readonly truth: Truth;
  readonly sweeps: readonly StoredSweep[];
  readonly adaptive: readonly StoredAdaptive[];
}

export interface Rule {
  readonly name: string;
  readonly answer: (stored: Stored, seed: number) => Promise<Answer | null>;
}

/** The stored sweeps with this seed and name. The first one has the same batch order as the seed's range tests. */
const pick = (sweeps: readonly StoredSweep[], seed: number, name: SweepName): StoredSweep[] =>
  sweeps
    .filter((one) => one.seed === seed && one.sweep === name && !one.randomLabels)
    .sort((a, b) => a.order - b.order);

const libraries: readonly Rule[] = libraryRules.map(({ name, sweep, suggest }) => ({
  name,
  answer: async ({ sweeps }, seed) => {
    const lr = suggest(pick(sweeps, seed, sweep)[0]!.loss, plans[sweep]);
    return lr === null ? null : { fixedLr: lr, maxLr: lr };
  },
}));

type Choice = readonly [name: SweepName, count?: number][];

const answerOf = (traces: readonly RangeTestTrace[], steps: number, kind?: UpdateKind): Answer | null => {
  const finding = analyzeRangeTest(traces, { steps, ...(kind && { updateKind: kind }) });
  const { suggestion } = finding;
  const cost = traces.reduce((sum, { points, coarse = [] }) => sum + points.length + coarse.length, 0);
  return suggestion && { fixedLr: suggestion.fixedLr, maxLr: suggestion.maxLr, finding, cost };
};

const kinds = new Map(settings.map(({ name, optimizer }) => [name, updateKindOf(optimizer)]));

/** clr's analysis of sweeps at given rates. With `kind` the analysis knows the kind of optimizer. */
const plain = (name: string, choice: Choice, kind = true): Rule => ({
  name,
  answer: async ({ sweeps, truth: { setting, budget } }, seed) => {
    const chosen = choice.flatMap(([of, count = 1]) => pick(sweeps, seed, of).slice(0, count));
    return answerOf(await Promise.all(chosen.map(replay)), budget, kind ? kinds.get(setting) : undefined);
  },
});

/** clr's range test with a given number of steps. It chooses its rates itself. */
const adaptive = (name: string, steps: number): Rule => ({
  name,
  answer: async ({ adaptive: stored, truth }, seed) => {
    const one = stored.find((one) => one.seed === seed && one.steps === steps && !one.randomLabels)!;
    return answerOf([await replayAdaptive(one)], truth.budget);
  },
});

/** clr's range test, which also chooses its number of steps. If `told` is true, the analysis knows the budget. */
const byDefault = (name: string, told: boolean): Rule => ({
  name,
  answer: async ({ adaptive: stored, truth }, seed) => {
    const { finding, cost } = await findByDefault(stored, seed, told ? truth.budget : undefined);
    const { suggestion } = finding;
    return suggestion && { fixedLr: suggestion.fixedLr, maxLr: suggestion.maxLr, finding, cost };
  },
});

export const rules: readonly Rule[] = [
  ...libraries,
  plain('clr, one sweep of 100 steps', [['clr-100']]),
  plain('clr, one sweep of 200 steps', [['clr-200']]),
  plain('clr, one sweep of 400 steps', [['clr-400']]),
  plain('clr, three sweeps of 200 steps', [['clr-200', 3]]),
  plain('clr, three sweeps of 200 steps, kind of optimizer unknown', [['clr-200', 3]], false),
  byDefault('clr, by default', true),
  byDefault('clr, by default, budget unknown', false),
  adaptive('clr, 200 steps', 200),
  adaptive('clr, 400 steps', 400),
];

/**
 * A search instead of a range test. It trains at every rate of the grid for a quarter of the budget, and takes the
 * stable rate that is most accurate with this seed. The answer is this rate times `factor`. The search shows how good a
 * suggestion from a sweep can be expected to be.
 */
export const search = (truths: readonly StoredTruth[], factor: number): Rule => {
  const quarters = new Map(truths.map((truth) => [truth.setting, quarterOf(truth)]));
  return {
    name: `a search at a quarter of the budget${factor === 1 ? '' : ', halved'}`,
    answer: async ({ truth: { setting } }, seed) => {
      const { grid, budget } = quarters.get(setting)!;
      const place = (seeds as readonly number[]).indexOf(seed);
      const stable = grid.filter((point) => point.stable[place]);
      const best = stable.reduce((a, b) => (b.accuracy[place]! > a.accuracy[place]! ? b : a));
      return { fixedLr: best.lr * factor, maxLr: best.lr * factor, cost: grid.length * budget };
    },
  };
};

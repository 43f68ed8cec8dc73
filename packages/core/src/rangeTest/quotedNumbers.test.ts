import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  accuracyEdge,
  boundsRatio,
  certainty,
  chance,
  coarseSweep,
  decadesBelowEdge,
  defaultResamples,
  doubt,
  gap,
  lengthExponent,
  linearEdge,
  linearLength,
  longTraining,
  lostShares,
  minRoom,
  plainSweep,
  provenRises,
  rangeTestSteps,
  referenceSteps,
  smoothedNoise,
  widening,
} from './calibration.ts';

const { sgd, momentum, adaptive, rmsProp, unknown } = decadesBelowEdge;
const factor = (decades: number): number => 10 ** decades;
const percents = lostShares.map((share) => 100 * share);

/** The text of a file of the repository, without line breaks and the stars of doc comments. */
const textOf = (file: string): string =>
  readFileSync(new URL(`../../../../${file}`, import.meta.url), 'utf8').replace(/\s*\n(\s*\*)?\s*/g, ' ');

const source = 'packages/core/src/rangeTest';
const sixth = 'docs/adr/0006-a-coarse-sweep-then-a-slow-one.md';
const fourteenth = 'docs/adr/0014-the-peak-of-a-decay.md';
const eighteenth = 'docs/adr/0018-linear-smoothed-and-missing-losses.md';
const seventeenth = 'docs/adr/0017-what-the-confidence-means.md';
const nineteenth = 'docs/adr/0019-uneven-classes.md';
const ninth = 'docs/adr/0009-longer-trainings-and-the-kind-of-update.md';

/** Sentences in documents that quote the calibration, with `#` for each number, and the quoted numbers. */
const quotes: readonly (readonly [file: string, words: string, numbers: readonly number[]])[] = [
  [
    'docs/guide.md',
    '(# for SGD, # with momentum, # for Adam)',
    [sgd.fixedLr, momentum.fixedLr, adaptive.fixedLr].map(factor),
  ],
  ['docs/guide.md', 'its certainty is below #,', [rangeTestSteps.sure]],
  ['docs/guide.md', 'the accuracy falls # decades above the loss edge', [accuracyEdge]],
  [
    'docs/guide.md',
    'takes # steps, or # if in doubt',
    [rangeTestSteps.first, rangeTestSteps.first + rangeTestSteps.more],
  ],
  [
    `${source}/calibration.ts`,
    'of `maxLr` are factors of #, #, #, # and #, and were fitted to tuned decays (`benchmarks/tuned-decay`, decision 14). Those of `fixedLr` are factors of #, #, #, # and #,',
    (['maxLr', 'fixedLr'] as const).flatMap((rate) =>
      [sgd, momentum, adaptive, rmsProp, unknown].map((of) => factor(of[rate])),
    ),
  ],
  [`${source}/calibration.ts`, '`fixedLr` falls as `steps ** -#`', [lengthExponent]],
  [`${source}/analyzeRangeTest.ts`, 'Longer training needs lower rates. Default #.', [referenceSteps]],
  [`${source}/analyzeRangeTest.ts`, 'resampled for the intervals. Default #.', [defaultResamples]],
  [
    `${source}/rangeTestOptions.ts`,
    'The first rate of one plain sweep (0 is allowed when the spacing is linear). Default # for',
    [plainSweep.startLr],
  ],
  [`${source}/rangeTestOptions.ts`, 'The last rate of one plain sweep. Default # for', [plainSweep.endLr]],
  [
    `${source}/rangeTestOptions.ts`,
    'at least 2; # are too few for a reliable result. By default a test takes # steps, and # more if the result is in doubt. One plain sweep takes # steps',
    [rangeTestSteps.least, rangeTestSteps.first, rangeTestSteps.more, plainSweep.steps],
  ],
  [
    `${source}/rangeTest.ts`,
    'two fifths of the steps, rises from # to #, and finds the edge. The fine sweep passes slowly from 1/# of the edge',
    [coarseSweep.startLr, coarseSweep.endLr, coarseSweep.below],
  ],
  [`${source}/rangeTest.ts`, '(or fewer than # steps', [rangeTestSteps.least]],
  [
    sixth,
    'two fifths of its steps for a coarse sweep from # to #,',
    [coarseSweep.startLr, coarseSweep.endLr],
  ],
  [sixth, 'a slow sweep from 1/# of the edge', [coarseSweep.below]],
  [
    nineteenth,
    'Then the fine sweep begins at 1/# of the edge instead of 1/#',
    [coarseSweep.belowShares, coarseSweep.below],
  ],
  [sixth, 'By default the test takes # steps,', [rangeTestSteps.first]],
  [
    sixth,
    '(a confidence below #, or a refusal), and the caller gave no number of steps, it takes # more',
    [rangeTestSteps.sure, rangeTestSteps.more],
  ],
  [sixth, 'the rates at which the loss has climbed back by #, #, #, #, # and # % of its fall', percents],
  [sixth, '`baseLr = maxLr / #`', [boundsRatio]],
  [sixth, 'exp(−steps per decade / #)', [certainty.scale]],
  [sixth, 'widened by a factor of two in both directions', []],
  [sixth, '`# · noise / √(steps per decade)`', [doubt.noises]],
  [
    fourteenth,
    '`maxLr` is edge / # for SGD, edge / # with momentum, edge / # for Adam and edge / # for RMSProp',
    [sgd, momentum, adaptive, rmsProp].map(({ maxLr }) => factor(maxLr)),
  ],
  [
    fourteenth,
    'In trainings of more than # steps it falls as `steps^−#`, except for Adam',
    [longTraining.steps, longTraining.exponent],
  ],
  [
    ninth,
    'At # steps `fixedLr` is edge / # for SGD, edge / # with momentum, edge / # for adaptive optimizers and edge / # for an unknown kind. For other lengths it is multiplied by `(# / steps)^#`',
    [
      referenceSteps,
      ...[sgd.fixedLr, momentum.fixedLr, adaptive.fixedLr, unknown.fixedLr].map(factor),
      referenceSteps,
      lengthExponent,
    ],
  ],
  [seventeenth, '(1 + exp(−(−# + # · g + # · ln(1 + n))))', [-chance.base, chance.gain, chance.density]],
  [
    seventeenth,
    'in the sweep, capped at #. `n` is the number of steps in the decade below the edge, capped at #',
    [chance.maxGain, chance.maxSteps],
  ],
  [eighteenth, 'a length that counts as # decades', [linearLength]],
  [
    eighteenth,
    'by # decades for SGD, # with momentum, # for Adam and # for RMSProp',
    [linearEdge.sgd, linearEdge.momentum, linearEdge.adaptive, linearEdge.rmsProp],
  ],
  [
    eighteenth,
    'in stretches of # steps, has a lower quartile between -# and #:',
    [smoothedNoise.steps, -smoothedNoise.above, smoothedNoise.below],
  ],
  [eighteenth, 'is a gap if # finite ones follow', [gap]],
  [ninth, 'The confidence is # at most', [certainty.most]],
];

/** Half a unit of the last written digit of a number. */
const roundingOf = (quoted: string): number => {
  const [digits = '', exponent = '0'] = quoted.split('e');
  return 0.5 * 10 ** (Number(exponent) - (digits.split('.')[1] ?? '').length);
};

it.each(quotes)('%s quotes: %s', (file, words, numbers) => {
  const pattern = words
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('#', '(\\d+(?:\\.\\d+)?(?:e-?\\d+)?)');
  const match = textOf(file).match(new RegExp(pattern));
  expect(match, 'the sentence is there').not.toBeNull();
  const quoted = match!.slice(1);
  expect(quoted.length).toBe(numbers.length);
  for (const [i, number] of numbers.entries())
    expect(Math.abs(Number(quoted[i]) - number), `${quoted[i]} for ${number}`).toBeLessThanOrEqual(
      roundingOf(quoted[i]!) * (1 + 1e-9),
    );
});

it('quotes the other numbers in words', () => {
  expect(textOf('docs/guide.md')).toMatch(
    /`maxLr` is about a third of the edge\b.*? `baseLr` is a sixth of `maxLr`/,
  );
  expect(factor(unknown.maxLr)).toBeCloseTo(3, 0);
  expect(boundsRatio).toBe(6);
  expect(factor(widening.fixedLr), 'a factor of two').toBeCloseTo(2, 1);
  expect(1 / coarseSweep.oneIn, 'two fifths').toBe(2 / 5);
  expect(textOf(sixth)).toContain('the rise must be twice that high, or a decade long');
  expect(provenRises).toMatchObject([{ doubts: 2 }, { decades: 1 }]);
  expect(textOf('benchmarks/range-test/README.md')).toContain('begins less than a decade below its edge');
  expect(minRoom).toBe(1);
});

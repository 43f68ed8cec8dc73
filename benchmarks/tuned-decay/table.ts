/**
 * Prints the tables of the stored runs. It trains no model.
 *
 * npx tsx tuned-decay/table.ts [--part unseen] [--divisors] [--detail]
 */
import { parseArgs } from 'node:util';
import { type UpdateKind, updateKindOf } from '@clr/core';
import { type Claim, describeClaims } from './confidence.ts';
import { autoOf, linearAt, measuredRuns, peerTo, type Run, suggestedTo, tunedTo } from './measured.ts';
import { peers } from './peerRuns.ts';
import type { Part } from './settings.ts';
import { plans } from './suggestedRuns.ts';

const { values } = parseArgs({
  options: {
    /** Parts, separated by commas. */
    part: { type: 'string', default: 'development,long,others,tables' },
    divisors: { type: 'boolean', default: false },
    detail: { type: 'boolean', default: false },
  },
});

const runs = measuredRuns(values.part.split(',') as Part[]);
const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(0)} %`;
const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

interface Gap {
  readonly run: Run;
  /** Points of test accuracy above the tuned linear decay. */
  readonly gap: number;
}

const gapsOf = (measure: (run: Run) => number | undefined, of: readonly Run[] = runs): Gap[] =>
  of.flatMap((run) => {
    const accuracy = measure(run);
    return accuracy === undefined ? [] : { run, gap: 100 * (accuracy - run.best.test) };
  });

/**
 * Prints a row: the share of the `of` runs that come within half a point of the tuned linear decay, and the mean gap of
 * the runs that trained.
 */
function row(name: string, gaps: readonly Gap[], of = gaps.length): void {
  if (gaps.length === 0) return;
  const sorted = gaps.map(({ gap }) => gap).sort((a, b) => a - b);
  const good = sorted.filter((gap) => gap >= -0.5).length;
  const median = sorted[sorted.length >> 1]!.toFixed(2);
  console.log(`| ${name} | ${of} | ${percent(good, of)} | ${mean(sorted).toFixed(2)} | ${median} |`);
}

const head = (first: string): void =>
  console.log(
    `\n| ${first} | runs | within half a point | mean gap | median |\n| --- | --- | --- | --- | --- |`,
  );

head('compared with the tuned linear decay');
const auto = gapsOf((run) => autoOf(run)?.test);
for (const [name, within] of [
  ['', () => true],
  [', 1,000 steps', ({ setting }: Run) => setting.budget === 1000],
  [', 2,000 steps and more', ({ setting }: Run) => setting.budget > 1000],
] as const) {
  const gaps = auto.filter(({ run }) => within(run));
  const refused = runs.filter((run) => within(run) && autoOf(run)?.maxLr === null).length;
  row(`**autoClr**, range test included${name} (${refused} refused)`, gaps, gaps.length + refused);
}
for (const plan of Object.keys(plans))
  row(
    `range test, ${plan}`,
    gapsOf((run) => suggestedTo(run, plan)),
  );
for (const shape of ['cosine', 'rex', 'oneCycle', 'constant'] as const)
  row(
    `tuned ${shape}`,
    gapsOf((run) => tunedTo(run, shape)),
  );
for (const { name } of peers)
  row(
    name,
    gapsOf((run) => peerTo(run, name)),
  );

if (auto.length > 0) {
  console.log(
    '\n| autoClr compared with | runs | better or within 0.1 point | mean gain |\n| --- | --- | --- | --- |',
  );
  for (const { name } of peers) {
    const gains = auto.flatMap(({ run }) => {
      const accuracy = peerTo(run, name);
      return accuracy === undefined ? [] : 100 * (autoOf(run)!.test! - accuracy);
    });
    if (gains.length === 0) continue;
    const better = gains.filter((gain) => gain > -0.1).length;
    console.log(
      `| ${name} | ${gains.length} | ${percent(better, gains.length)} | ${mean(gains).toFixed(2)} |`,
    );
  }
}

const answered = runs.filter(({ found }) => found.finding.suggestion);
const offBy = answered.map(({ found, best }) => found.finding.suggestion!.maxLr / best.peak);
console.log(
  `\nmaxLr: ${answered.length} of ${runs.length} answered; within a factor of 2 of the best peak in ` +
    `${percent(offBy.filter((ratio) => ratio >= 0.5 && ratio <= 2).length, answered.length)}, ` +
    `above it in ${percent(offBy.filter((ratio) => ratio > 2).length, answered.length)}, ` +
    `below it in ${percent(offBy.filter((ratio) => ratio < 0.5).length, answered.length)}; a decay from it loses more than ten points in ` +
    `${answered.filter((run) => linearAt(run, run.found.finding.suggestion!.maxLr) < run.best.test - 0.1).length} runs`,
);
const own = runs.flatMap((run) => {
  const maxLr = autoOf(run)?.maxLr ?? undefined;
  return maxLr === undefined ? [] : { run, maxLr, ratio: maxLr / run.best.peak, worth: linearAt(run, maxLr) };
});
if (own.length > 0) {
  console.log(
    `maxLr of autoClr's own range test: within a factor of 2 of the best peak in ` +
      `${percent(own.filter(({ ratio }) => ratio >= 0.5 && ratio <= 2).length, own.length)} of ${own.length}; a whole decay from it is ` +
      `within half a point in ${percent(own.filter(({ run, worth }) => worth >= run.best.test - 0.005).length, own.length)}, and loses more ` +
      `than ten points in ${own.filter(({ run, worth }) => worth < run.best.test - 0.1).length}; the test took ` +
      `${percent(mean(own.map(({ run }) => autoOf(run)!.paid / run.setting.budget)), 1)} of the budget`,
  );
}
const claims = auto.map(
  ({ run, gap }): Claim => ({ confidence: autoOf(run)!.confidence!, good: gap >= -0.5 }),
);
if (claims.length > 0) {
  console.log(
    '\n| complete runs of autoClr: answers | good | AUC | by lowest confidence: answers, share good |',
  );
  console.log(`| --- | --- | --- | --- |\n| ${describeClaims(claims)} |\n`);
}
const long = runs.filter(({ setting }) => setting.budget >= 2000);
console.log(
  `the range test takes ${percent(mean(long.map(({ found, setting }) => found.paid / setting.budget)), 1)} of a budget of 2,000 steps and more`,
);

/** The kinds of update. RMSProp is separate, because it has no momentum. */
const kindOf = ({ setting }: Run): UpdateKind | 'rmsProp' =>
  setting.optimizerName === 'rmsProp' ? 'rmsProp' : updateKindOf(setting.optimizer);

if (values.divisors) {
  head('a linear decay from edge / k, interpolated between the peaks of the grid');
  for (const kind of ['sgd', 'rmsProp', 'momentum', 'adaptive'] as const) {
    const of = runs.filter((run) => kindOf(run) === kind && run.found.finding.edgeLr);
    for (const k of [0.7, 1, 1.4, 1.7, 2, 2.4, 2.8, 3.4, 4, 4.8, 5.6, 6.7, 8, 11.2])
      row(
        `${kind}: edge / ${k}`,
        gapsOf((run) => linearAt(run, run.found.finding.edgeLr! / k), of),
      );
  }
}

if (values.detail) {
  for (const run of runs) {
    const { setting, seed, best, found, linear } = run;
    const { edgeLr, suggestion } = found.finding;
    const over = (rate: number | null | undefined): string => (rate ? (rate / best.peak).toFixed(2) : '–');
    console.log(
      `${setting.name}, ${seed}: best peak ${best.peak.toPrecision(3)} (${(100 * best.test).toFixed(1)} %); edge ${over(edgeLr)}, ` +
        `maxLr ${over(suggestion?.maxLr)} × that, confidence ${suggestion?.confidence.toFixed(2) ?? '–'}, paid ${found.paid}; ` +
        linear.map(({ peak, test }) => `${peak.toPrecision(2)}: ${(100 * test).toFixed(1)}`).join(', '),
    );
  }
}

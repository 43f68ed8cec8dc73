/**
 * Scores every rule against the measured results of fixed rates. It reads only stored files and takes seconds.
 *
 * npx tsx range-test/score.ts [--held-out] [--detail]
 */
import { parseArgs } from 'node:util';
import { analyzeRangeTest } from '@clr/core';
import { digits } from './digits.ts';
import { hopelessCurves } from './hopeless.ts';
import { type Answer, type Rule, rules, search } from './rules.ts';
import { seeds } from './settings.ts';
import { quarterOf, readAdaptive, readSweeps, readTruths, type StoredTruth, type Truth } from './store.ts';
import { type Verdict, verdictOf } from './truth.ts';

interface Run extends Partial<Answer> {
  readonly truth: Truth;
  readonly verdict: Verdict;
  readonly seed: number;
}

const decades = (a: number, b: number): number => Math.abs(Math.log10(a / b));
const percent = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${((100 * part) / whole).toFixed(0)} %`;
const middle = (values: readonly number[]): string => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? '–' : sorted[sorted.length >> 1]!.toFixed(2);
};

/** The spread of a setting's suggestions over its seeds, in decades. */
function spreads(runs: readonly Run[], of: 'fixedLr' | 'maxLr'): number[] {
  const settings = [...new Set(runs.map(({ truth }) => truth.setting))];
  return settings.flatMap((setting) => {
    const rates = runs.flatMap((run) => (run.truth.setting === setting && run[of]) || []);
    return rates.length < 2 ? [] : decades(Math.max(...rates), Math.min(...rates));
  });
}

function table(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`;
  const [head, ...body] = rows;
  console.log([line(head!), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n'));
}

async function runsOf(rule: Rule, truths: readonly Truth[]): Promise<Run[]> {
  const runs: Run[] = [];
  for (const truth of truths) {
    const { setting } = truth;
    const stored = { truth, sweeps: readSweeps(setting), adaptive: readAdaptive(setting) };
    for (const seed of seeds) {
      runs.push({ truth, verdict: verdictOf(truth), seed, ...(await rule.answer(stored, seed)) });
    }
  }
  return runs;
}

/** Prints the scores. Shares are of all runs. A refused good curve counts as a miss, but not as unstable. */
async function scores(truths: readonly Truth[], rules: readonly Rule[]): Promise<Map<string, Run[]>> {
  const all = new Map<string, Run[]>();
  const rows = [
    [
      'rule',
      'in band',
      'stable',
      'spread (fixed)',
      'spread (max)',
      'median rate / best',
      'points lost',
      'refused',
      'steps taken',
      'share of the budget',
    ],
  ];
  for (const rule of rules) {
    const runs = await runsOf(rule, truths);
    all.set(rule.name, runs);
    const answered = runs.filter((run) => run.fixedLr !== undefined);
    rows.push([
      rule.name,
      percent(answered.filter(({ fixedLr, verdict }) => verdict.inBand(fixedLr!)).length, runs.length),
      percent(
        answered.filter(({ maxLr, verdict }) => maxLr! <= verdict.largestStable * 1.0001).length,
        answered.length,
      ),
      middle(spreads(runs, 'fixedLr')),
      middle(spreads(runs, 'maxLr')),
      middle(answered.map(({ fixedLr, verdict }) => fixedLr! / verdict.best.lr)),
      (
        (100 *
          answered.reduce(
            (sum, { fixedLr, verdict }) => sum + verdict.best.accuracy - verdict.accuracyAt(fixedLr!),
            0,
          )) /
        answered.length
      ).toFixed(1),
      percent(runs.length - answered.length, runs.length),
      middle(answered.flatMap(({ cost }) => cost ?? [])).replace('.00', ''),
      percent(
        answered.reduce((sum, { cost = 0, truth }) => sum + cost / truth.budget, 0),
        answered[0]?.cost ? answered.length : 0,
      ),
    ]);
  }
  table(rows);
  return all;
}

/**
 * Counts the suggestions in each range of certainty that are in band, that are stable, and that are in band and stable.
 */
function calibration(runs: readonly Run[]): void {
  const rows = [['certainty', 'runs', 'in band', 'stable', 'both', 'interval overlaps the band']];
  for (const [low, high] of [
    [0, 0.2],
    [0.2, 0.4],
    [0.4, 0.5],
    [0.5, 0.6],
    [0.6, 1.001],
  ] as const) {
    const here = runs.flatMap((run) => {
      const suggestion = run.finding?.suggestion;
      return suggestion && suggestion.certainty >= low && suggestion.certainty < high
        ? [{ suggestion, verdict: run.verdict }]
        : [];
    });
    const good = here.filter(({ suggestion, verdict }) => verdict.inBand(suggestion.fixedLr));
    const stable = ({ suggestion, verdict }: (typeof here)[number]): boolean =>
      suggestion.maxLr <= verdict.largestStable * 1.0001;
    const meets = here.filter(({ suggestion: { interval }, verdict: { band } }) => {
      const [from, to] = interval.fixedLr;
      return from <= band[1] && to >= band[0];
    });
    rows.push([
      `${low} to ${Math.min(1, high)}`,
      String(here.length),
      percent(good.length, here.length),
      percent(here.filter(stable).length, here.length),
      percent(good.filter(stable).length, here.length),
      percent(meets.length, here.length),
    ]);
  }
  table(rows);
}

/** Counts the intervals that contain the suggestion for another seed of the same setting. */
function coverage(runs: readonly Run[]): string {
  const shares = (['fixedLr', 'maxLr'] as const).map((of) => {
    const pairs = runs.flatMap((run) =>
      runs.flatMap((other) => {
        const interval = run.finding?.suggestion?.interval[of];
        const rate = other[of];
        if (run === other || run.truth !== other.truth || !interval || !rate) return [];
        return interval[0] <= rate && rate <= interval[1] ? 1 : 0;
      }),
    );
    return `for ${of} in ${percent(
      pairs.reduce<number>((sum, pair) => sum + pair, 0),
      pairs.length,
    )}`;
  });
  return `The interval contains another seed's suggestion: ${shares.join(', ')}.`;
}

const log = (lr: number | null | undefined): string => (lr ? Math.log10(lr).toFixed(2) : '–');

/** Prints each run's rates as decimal logarithms. */
function detail(runs: readonly Run[]): void {
  const rows = [
    [
      'setting, seed',
      'best',
      'band',
      'stable to',
      'fixedLr',
      'maxLr',
      'edgeLr',
      'certainty',
      'in band',
      'stable',
    ],
  ];
  for (const { truth, verdict, seed, finding, fixedLr, maxLr } of runs) {
    rows.push([
      `${truth.setting}, ${seed}`,
      log(verdict.best.lr),
      verdict.band.map(log).join(' … '),
      log(verdict.largestStable),
      log(fixedLr),
      log(maxLr),
      log(finding?.edgeLr),
      finding?.suggestion?.certainty.toFixed(2) ?? '–',
      fixedLr === undefined ? 'refused' : verdict.inBand(fixedLr) ? 'yes' : 'NO',
      maxLr === undefined ? 'refused' : maxLr <= verdict.largestStable * 1.0001 ? 'yes' : 'NO',
    ]);
  }
  table(rows);
}

/** Counts the hopeless curves of each kind that are refused, with the reasons. */
function refusals(truths: readonly Truth[]): void {
  const rows = [['hopeless curve', 'refused', 'of', 'first reason']];
  for (const [name, traces] of hopelessCurves(truths)) {
    const findings = traces.map((trace) => analyzeRangeTest(trace));
    const refused = findings.filter(({ suggestion }) => suggestion === null);
    rows.push([name, String(refused.length), String(traces.length), refused[0]?.reasons[0] ?? '']);
  }
  table(rows);
}

/** Scores clr on curves that PyTorch recorded on the digits set, so the data and the engine are different. */
async function reportDigits(wantsDetail: boolean): Promise<void> {
  const runs: Run[] = [];
  for (const { truth, updateKind, seed, trace } of await digits()) {
    const finding = analyzeRangeTest(trace, { updateKind, steps: truth.budget });
    const { fixedLr, maxLr } = finding.suggestion ?? {};
    const answer = fixedLr !== undefined && maxLr !== undefined ? { fixedLr, maxLr, finding } : {};
    runs.push({ truth, verdict: verdictOf(truth), seed, ...answer });
  }
  const good = runs.filter(({ fixedLr, verdict }) => fixedLr !== undefined && verdict.inBand(fixedLr));
  const stable = runs.filter(({ maxLr, verdict }) => (maxLr ?? 0) <= verdict.largestStable * 1.0001);
  console.log(`\n# Digits, trained by PyTorch: ${runs.length} sweeps\n`);
  console.log(
    `clr: in band ${percent(good.length, runs.length)}, stable ${percent(stable.length, runs.length)}`,
  );
  if (wantsDetail) detail(runs);
}

async function report(title: string, truths: readonly StoredTruth[], wantsDetail: boolean): Promise<void> {
  console.log(`\n# ${title}: ${truths.length} settings, ${seeds.length} seeds each\n`);
  const all = await scores(truths, [...rules, search(truths, 1), search(truths, 0.5)]);
  console.log('\nThe same settings, trained for a quarter of their budget\n');
  await scores(truths.map(quarterOf), rules);
  console.log('\nCertainty of clr: all sweeps at given rates, then the range test that chooses its rates\n');
  const runsOfAll = (names: readonly string[]) => names.flatMap((name) => all.get(name)!);
  calibration(runsOfAll([100, 200, 400].map((steps) => `clr, one sweep of ${steps} steps`)));
  calibration(runsOfAll(['clr, 200 steps', 'clr, 400 steps']));
  for (const name of ['clr, one sweep of 200 steps', 'clr, 200 steps', 'clr, 400 steps'])
    console.log(`\n${name}. ${coverage(all.get(name)!)}`);
  console.log('\nHopeless curves\n');
  refusals(truths);
  if (wantsDetail) {
    console.log('\nclr by default, run by run: log₁₀ of rates\n');
    detail(all.get('clr, by default')!);
  }
}

const { values } = parseArgs({ options: { 'held-out': { type: 'boolean' }, detail: { type: 'boolean' } } });
const truths = readTruths();
const wantsDetail = values.detail === true;
await report(
  'Development',
  truths.filter(({ heldOut }) => !heldOut),
  wantsDetail,
);
if (values['held-out'])
  await report(
    'Held out',
    truths.filter(({ heldOut }) => heldOut),
    wantsDetail,
  );
await reportDigits(wantsDetail);

/**
 * Compares autoClr with a decay from the best of a grid of peaks, on the high, ordinary and hopeless starts of
 * startTasks.ts.
 *
 * npx tsx range-test/starts.ts [--only text] [--kind high] [--seeds 2] [--truth | --tests]
 *
 * --truth trains the grid and keeps its results in traces/starts.jsonl. --tests runs the range test alone.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { analyzeRangeTest, autoClr, decay, rangeTest, train } from '@clr/core';
import { createStart, type Start, starts } from './startTasks.ts';

/** The steps of every training run, including autoClr's range test and the steps before it at a low rate. */
const steps = 1000;
const peaks = Array.from({ length: 17 }, (_, i) => 10 ** (-7 + i / 2));
const store = new URL('./traces/starts.jsonl', import.meta.url);

interface Trained {
  readonly name: string;
  readonly seed: number;
  /** The highest rate of the decay. */
  readonly peak: number;
  readonly score: number;
}

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    kind: { type: 'string', default: '' },
    seeds: { type: 'string', default: '1' },
    truth: { type: 'boolean' },
    tests: { type: 'boolean' },
  },
});

const known: Trained[] = existsSync(store)
  ? readFileSync(store, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  : [];

/** The scores of a linear decay from each peak of the grid, after a short warm-up. */
async function truthOf(start: Start, seed: number): Promise<readonly Trained[]> {
  const own = () => known.filter((one) => one.name === start.name && one.seed === seed);
  if (own().length >= peaks.length) return own();
  const { trainer, batches, score } = await createStart(start, seed);
  const begin = await trainer.snapshot();
  for (const peak of peaks) {
    if (own().some((one) => one.peak === peak)) continue;
    await trainer.restore(begin);
    const policy = decay({ maxLr: peak, steps, warmup: 0.05 });
    const { stopped } = await train(trainer, batches, { policy, steps });
    const one = { name: start.name, seed, peak, score: stopped ? -100 : await score() };
    appendFileSync(store, `${JSON.stringify(one)}\n`);
    known.push(one);
  }
  await trainer.dispose();
  return own();
}

const short = (value: number | null | undefined): string =>
  typeof value === 'number' ? value.toPrecision(3) : '–';

for (const start of starts) {
  if (!start.name.includes(values.only) || !start.kind.includes(values.kind)) continue;
  for (let seed = 1; seed <= Number(values.seeds); seed++) {
    if (values.truth) {
      const all = await truthOf(start, seed);
      const best = all.reduce((a, b) => (b.score > a.score ? b : a));
      console.log(`${start.name}, ${seed}: best ${best.score.toFixed(2)} at ${short(best.peak)}`);
      continue;
    }
    const { trainer, batches, score } = await createStart(start, seed);
    if (values.tests) {
      const trace = await rangeTest(trainer, batches);
      const { suggestion, reasons, edgeLr } = analyzeRangeTest(trace, { steps });
      const { constantAnswer } = trace;
      const tenth = (points: readonly { loss: number | null }[] = []) =>
        short(
          points
            .slice(0, Math.max(5, points.length / 10))
            .map((p) => p.loss ?? Number.NaN)
            .sort((a, b) => a - b)[Math.floor(Math.max(5, points.length / 10) / 2)],
        );
      console.log(
        `${start.kind} ${start.name}, ${seed}: coarse ${tenth(trace.coarse)} fine ${tenth(trace.points)} constant ${short(constantAnswer?.loss)} edge ${short(edgeLr)} max ${short(suggestion?.maxLr)} conf ${short(suggestion?.confidence)} | ${reasons.join(' ')}`,
      );
    } else {
      const { finding, run, cost } = await autoClr(trainer, batches, { steps });
      const best = known
        .filter((one) => one.name === start.name && one.seed === seed)
        .reduce((a, b) => (b.score > a.score ? b : a), { score: -Infinity, peak: Number.NaN });
      const gap = run ? ((await score()) - best.score).toFixed(2) : 'refused';
      console.log(
        `${start.kind} ${start.name}, ${seed}: ${gap} of ${best.score.toFixed(2)} at ${short(best.peak)}; max ${short(finding.suggestion?.maxLr)} conf ${short(finding.suggestion?.confidence)}; ${JSON.stringify(cost)} | ${finding.reasons.join(' ')}`,
      );
    }
    await trainer.dispose();
  }
}

/**
 * Writes the tables of docs/reproduction.md (between its marks) and its pictures, from the stored traces.
 *
 * npx tsx paper/render.ts
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { analyzeRangeTest } from '@clr/core';
import { type NamedRun, renderRangeTest, renderRun } from '@clr/report';
import { experimentNamed } from './experiments.ts';
import { type Row, tables } from './rows.ts';
import { readTraces, type Trace, toRangeTest, toRun } from './trace.ts';

const traces = readTraces();
const page = new URL('../../docs/reproduction.md', import.meta.url);
const pictures = new URL('../../docs/pictures/', import.meta.url);
mkdirSync(pictures, { recursive: true });

const percent = (share: number): string => (100 * share).toFixed(2);
const thousands = (count: number): string => count.toLocaleString('en');

/** The accuracies of a row's runs at the row's step, one for each seed that has reached this step. */
function accuracies({ experiment, step }: Row): number[] {
  return traces
    .filter((trace) => trace.experiment === experiment)
    .flatMap(({ looks }) => looks.find((look) => look.step === step)?.accuracy ?? []);
}

function line(row: Row): string {
  const found = accuracies(row);
  const ours =
    found.length === 0
      ? 'not run yet'
      : found.length === 1
        ? `${percent(found[0]!)} (one seed)`
        : `${percent(found.reduce((sum, value) => sum + value, 0) / found.length)} (${found.map(percent).join(', ')})`;
  const [accuracy, source] = row.published ?? ['–', ''];
  return `| ${row.what} | ${thousands(row.step)} | ${accuracy}${source && `, ${source}`} | ${ours} |`;
}

const text = Object.entries(tables)
  .map(([heading, rows]) =>
    [
      `### ${heading}`,
      '',
      '| schedule | steps | published, % | ours, % |',
      '|---|---|---|---|',
      ...rows.map(line),
    ].join('\n'),
  )
  .join('\n\n');
writeBetween('tables', text);

/** Replaces the text of the page between two marks. */
function writeBetween(name: string, content: string): void {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const old = readFileSync(page, 'utf8');
  const [before, rest] = old.split(begin);
  writeFileSync(page, `${before}${begin}\n\n${content}\n\n${end}${rest!.split(end)[1]}`);
}

/** Draws one picture of the wanted runs that have a trace, with one seed for each run. */
function picture(file: string, title: string, wanted: (trace: Trace) => boolean): void {
  const runs: NamedRun[] = traces
    .filter((trace) => trace.seed === 1 && wanted(trace))
    .map((trace) => ({ name: experimentNamed(trace.experiment).what, run: toRun(trace) }));
  if (runs.length === 0) return;
  writeFileSync(new URL(file, pictures), renderRun(runs, { title }));
  console.log(`docs/pictures/${file}: ${runs.length} runs`);
}

picture('reproduction-quick.svg', 'CIFAR-10, quick net', ({ experiment }) => experiment.startsWith('quick'));
picture('reproduction-full.svg', 'CIFAR-10, full net', ({ experiment }) =>
  /^(triangular2|fixed|drop-25k|decay-25k-0\.003|one-cycle-25)$/.test(experiment),
);

const sweep = traces.find(({ experiment }) => experiment === 'range-test');
if (sweep) {
  const trace = toRangeTest(sweep);
  // Each point is the mean of its own 50 losses, not a running mean, so there is no smoothing to undo.
  const finding = analyzeRangeTest(trace, { smoothing: 'none' });
  const title = 'CIFAR-10, full net: the range test of the paper';
  writeFileSync(new URL('reproduction-range-test.svg', pictures), renderRangeTest(trace, finding, { title }));
  writeBetween('range test', finding.reasons.map((reason) => `> - ${reason}`).join('\n'));
}
console.log(`docs/reproduction.md: ${traces.length} traces`);

import { fileURLToPath } from 'node:url';
import { abortOnInterrupt } from '@clr/checkpoint/node';
import { textTable } from '@clr/report/terminal';
import { describeFinding, formatRate } from '@clr/report/words';
import { type Collection, collect, type TrialRow } from '@clr/sweep';
import { runSweep, type SweepOutcome, type SweepProgress } from '@clr/sweep/node';
import type { Command, OutputFile } from '../command.ts';
import { commandLine } from '../commandLine.ts';
import { UsageError } from '../errors.ts';
import { nameOf } from '../input/readJson.ts';
import { readArguments } from '../readArguments.ts';
import { checkSettings, fileJobs } from '../sweep/fileJobs.ts';
import { type GridFlags, gridFlags, gridJobs } from '../sweep/gridJobs.ts';
import { dataHelp, trainingHelp, wholeOf } from '../training/flags.ts';
import { loadRuntime } from '../training/loadRuntime.ts';
import { createProgress } from '../training/progress.ts';

const ownFlags = {
  out: { type: 'string' },
  workers: { type: 'string' },
  module: { type: 'string' },
  report: { type: 'string' },
  list: { type: 'boolean' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
} as const;

const flags: GridFlags & typeof ownFlags = { ...gridFlags, ...ownFlags };

/** What makes the models and data of jobs whose module is not given. */
const ownModule = fileURLToPath(new URL('../sweep/open.js', import.meta.url));

/** `clr sweep`: many trainings side by side. */
export const sweep: Command = {
  flags,
  help: `Usage: clr sweep <model.onnx> --data <path> --out <folder> [options]
       clr sweep <jobs.json | -> --out <folder> [options]

Trains many times, on as many processes as there are cores, and puts the results in a table. Jobs are all
combinations of what the options list, or those of a file. Each result is a file in the folder; after Ctrl-C or a
crash the same command goes on with what is missing, to the same bits. A job that fails is listed, and the
others go on. Exits with 1 if one failed, and with 3 if no range test found a rate.

  --out <folder>      where results and checkpoints are kept
  --workers <n>       how many processes (default: the number of cores), each on one thread
  --report <file>     write an HTML page with all curves
  --list              print the jobs as JSON, ready for a file, and run none
  --module <file.js>  a module of your own that exports open(job), as @clr/sweep describes it, for jobs of a file
  --json              print the table and the findings as JSON, and nothing else
  --quiet             no progress

A grid: --seed, --optimizer, --weight-decay, --batch and --lr or --plan take several values, with commas between
  --steps <n>         how long each training is
  --lr <a,b>          learning rates: a short warm-up to each, then a line down to 0
  --plan <a,b>        find the rate first, then train so: decay (the default), cycles, wsd, fixed
  --policy <file>     a policy of clr, as JSON
  --range-test        range tests alone; those that differ in their seeds are read as one, for a training of --steps
  --tests <n>         how many updates each takes (default: chosen by itself)

Jobs in a file: an array of
  { "model": "m.onnx", "data": "d.csv", "optimizer": { "type": "adamW" }, "seed": 1,
    "task": { "type": "fixed", "lr": 0.1, "steps": 500 } }
  or tasks of the types policy, rangeTest and autoClr. In place of their paths the model may be { "file": …, "head": … }
  and the data { "path": …, "batch": … }, with more of the options below.

Data
${dataHelp}

Training
${trainingHelp.replace(/ {2}--(epochs|fast|steps)[^\n]*\n?/g, '')}
Example
  clr sweep start.onnx --data houses.csv --lr 0.001,0.003,0.01 --seed 1,2,3 --steps 500 --out rates
  clr sweep start.onnx --data houses.csv --range-test --optimizer sgd,adamW --seed 1,2,3 --out tests
  clr sweep start.onnx --data houses.csv --lr 0.01,0.1 --steps 500 --list > jobs.json
  clr sweep jobs.json --out results --report results.html
`,

  async run(args) {
    const { values, positionals } = readArguments('sweep', args, flags);
    const [path, ...others] = positionals;
    if (!path || others.length > 0) {
      throw new UsageError('one ONNX model, or one file of jobs', `${positionals.length} files`, 'sweep');
    }
    const isFile = path === '-' || path.toLowerCase().endsWith('.json');
    const excess = Object.keys(values).find((flag) =>
      isFile ? !(flag in ownFlags || flag === 'steps') : flag === 'module',
    );
    if (excess) {
      const expected = isFile ? 'jobs in a file, or options that make them' : '--module with a file of jobs';
      throw new UsageError(expected, `--${excess} with ${nameOf(path)}`, 'sweep');
    }
    const steps = wholeOf('sweep', 'steps', values.steps, 2);
    const workers = wholeOf('sweep', 'workers', values.workers);
    const jobs = isFile ? await fileJobs(path) : await gridJobs(path, values);
    const { out, module } = values;
    if (!module) await checkSettings(jobs, isFile ? nameOf(path) : 'the grid');
    if (values.list) return { text: JSON.stringify(jobs, null, 2) };
    if (!out) throw new UsageError('--out with a folder for the results', 'no --out', 'sweep');
    if (!module) await loadRuntime();
    const progress = createProgress(values.quiet === true || values.json === true);
    const interrupt = abortOnInterrupt();
    let outcome: SweepOutcome;
    try {
      progress.start('sweep', jobs.length);
      outcome = await runSweep(jobs, {
        module: module ?? ownModule,
        folder: out,
        ...(workers !== undefined && { workers }),
        signal: interrupt.signal,
        onProgress: follow((done, note) => progress.update(done, note)),
      });
    } finally {
      interrupt.release();
      progress.stop();
    }
    const { results, failed, stopped } = outcome;
    if (stopped) {
      const line = commandLine('sweep', args);
      const text = `Stopped with ${results.length} of ${jobs.length} results in ${out}. This goes on:\n  ${line}`;
      return { text, exitCode: 130 };
    }
    const collection =
      results.length === 0
        ? { rows: [], rangeTests: [], runs: [] }
        : collect(results, { ...(steps !== undefined && { steps }) });
    const { rows, rangeTests } = collection;
    const faults = failed.map(({ job, error }) => ({ id: job.id, error }));
    const json = () => ({
      rows,
      rangeTests: rangeTests.map(({ label, ids, finding }) => ({ label, ids, finding })),
      failed: faults,
    });
    const files: OutputFile[] =
      values.report === undefined || results.length === 0
        ? []
        : [{ path: values.report, content: await reportOf(collection) }];
    const without = rangeTests.length > 0 && rangeTests.every(({ finding }) => !finding.suggestion);
    return {
      text: values.json ? JSON.stringify(json(), null, 2) : inWords(collection, faults, out),
      files,
      inputs: isFile ? [path] : [],
      exitCode: failed.length > 0 ? 1 : without ? 3 : 0,
    };
  },
};

/** Says how many jobs are done, and where the running ones are. */
function follow(update: (done: number, note: string) => void): (event: SweepProgress) => void {
  const running = new Map<string, number>();
  return ({ type, id, step = 0, done }) => {
    if (type === 'started' || type === 'step') running.set(id, step);
    else running.delete(id);
    update(done, [...running].map(([job, at]) => `${job.slice(0, 8)} at step ${at}`).join(', '));
  };
}

const columns = ['job', 'rate', 'steps', 'loss', 'accuracy', 'id'];

const cellsOf = ({ id, label, lr, steps, loss, accuracy, stopped }: TrialRow): readonly string[] => [
  label,
  lr === null ? 'none' : formatRate(lr),
  stopped ? `${steps}, ${stopped}` : String(steps),
  loss === null ? 'not finite' : loss.toPrecision(4),
  typeof accuracy === 'number' ? `${(100 * accuracy).toFixed(2)} %` : '',
  id,
];

function inWords(
  { rows, rangeTests }: Collection,
  failed: readonly { readonly id: string; readonly error: string }[],
  out: string,
): string {
  const caption = `${rows.length} results, in ${out}`;
  const trained = rows.filter(({ task, loss }) => task !== 'rangeTest' && loss !== null);
  const best = trained.reduce<TrialRow | undefined>(
    (least, row) => (least && least.loss! <= row.loss! ? least : row),
    undefined,
  );
  return [
    ...(rows.length > 0 ? [textTable({ caption, columns, rows: rows.map(cellsOf) })] : []),
    ...rangeTests.flatMap(({ label, ids, finding }) => [
      '',
      `${label} (${ids.length === 1 ? 'one test' : `${ids.length} tests together`}):`,
      ...describeFinding(finding).map((sentence) => `  ${sentence}`),
    ]),
    ...(trained.length > 1 && best ? ['', `The lowest loss: ${best.label}.`] : []),
    ...(failed.length > 0 ? ['', ...failed.map(({ id, error }) => `Failed: ${id}: ${error}`)] : []),
  ].join('\n');
}

/** More curves than these cannot be told apart. */
const mostRuns = 8;

async function reportOf({ rows, rangeTests, runs }: Collection): Promise<string> {
  const { renderReport } = await import('@clr/report');
  const losses = new Map(rows.map(({ label, loss }) => [label, loss ?? Infinity]));
  const best = [...runs].sort((one, other) => losses.get(one.name)! - losses.get(other.name)!);
  return renderReport({
    title: 'A sweep',
    tables: [{ caption: `${rows.length} results`, columns, rows: rows.map(cellsOf) }],
    rangeTest: rangeTests.map(({ label, traces, finding }) => ({ name: label, trace: traces, finding })),
    runs: best.slice(0, mostRuns),
    ...(runs.length > mostRuns && {
      notes: [`Of ${runs.length} trainings, the ${mostRuns} with the lowest losses are drawn.`],
    }),
  });
}

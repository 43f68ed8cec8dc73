import { abortOnInterrupt } from '@clr/checkpoint/node';
import { collect } from '@clr/sweep';
import type { SweepOutcome } from '@clr/sweep/node';
import { checkOutputs } from '../checkOutputs.ts';
import type { Command, OutputFile } from '../command.ts';
import { commandLine } from '../commandLine.ts';
import { UsageError } from '../errors.ts';
import { nameOf } from '../input/readJson.ts';
import { readArguments } from '../readArguments.ts';
import { runHere, runOverQueue } from '../sweep/engines.ts';
import { checkSettings, fileJobs } from '../sweep/fileJobs.ts';
import { type GridFlags, gridFlags, gridJobs } from '../sweep/gridJobs.ts';
import { pathsOf, withInputs } from '../sweep/inputs.ts';
import { withRefusedTests } from '../sweep/refusedTests.ts';
import { inWords, reportOf } from '../sweep/words.ts';
import { dataHelp, trainingHelp, wholeOf } from '../training/flags.ts';
import { loadRuntime } from '../training/loadRuntime.ts';
import { createProgress } from '../training/progress.ts';

const ownFlags = {
  out: { type: 'string' },
  workers: { type: 'string' },
  module: { type: 'string' },
  redis: { type: 'string' },
  report: { type: 'string' },
  list: { type: 'boolean' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
} as const;

const flags: GridFlags & typeof ownFlags = { ...gridFlags, ...ownFlags };

/** `clr sweep` runs many trainings in parallel. */
export const sweep: Command = {
  flags,
  help: `Usage: clr sweep <model.onnx> --data <path> --out <folder> [options]
       clr sweep <jobs.json | -> --out <folder> [options]

Trains many times, on as many processes as there are cores, and puts the results in a table. Jobs are all
combinations of the listed values, or those of a file. Each result is a file in the folder. After Ctrl-C or a crash
the same command runs the missing jobs, and all results are the same as without the interruption. A job that fails
is listed, and the others continue. Exits with 1 if a job failed, and with 3 if no rate was found.

  --out <folder>      where results and checkpoints are kept
  --workers <n>       the number of processes (default: the number of cores), each on one thread
  --redis <url>       let the clr workers connected to this Redis compute the jobs, instead of processes here
  --report <file>     write an HTML page with all curves
  --list              print the jobs as JSON, ready for a file, and run none
  --module <file.js>  for jobs in a file: your module that exports open(job), as @clr/sweep describes it
  --json              print the table and the findings as JSON, and nothing else
  --quiet             no progress

A grid: --seed, --optimizer, --weight-decay, --batch and --lr or --plan take several values, separated by commas
  --steps <n>         the length of each training
  --lr <a,b>          learning rates: a short warm-up to each, then a linear decay to 0
  --plan <a,b>        find the rate first, then train under a plan: decay (the default), cycles, wsd, fixed
  --policy <file>     a policy of clr, as JSON
  --range-test        run only range tests, for trainings of --steps updates; tests that differ only in their seeds are
                      analysed together
  --tests <n>         the number of updates of each range test (default: automatic)

Jobs in a file: an array of
  { "model": "m.onnx", "data": "d.csv", "optimizer": { "type": "adamW" }, "seed": 1,
    "task": { "type": "fixed", "lr": 0.1, "steps": 500 } }
  Other types of tasks are policy, rangeTest and autoClr. Instead of a path the model may be { "file": …, "head": … },
  and the data { "path": …, "batch": … }. Both objects may have further fields, named like options below, such as
  "lora" for the model and "split" for the data.

Data
${dataHelp}

Training
${trainingHelp.replace(/ {2}--(epochs|fast|steps)[^\n]*\n?/g, '')}
Example
  clr sweep start.onnx --data houses.csv --lr 0.001,0.003,0.01 --seed 1,2,3 --steps 500 --out rates
  clr sweep start.onnx --data houses.csv --range-test --optimizer sgd,adamW --seed 1,2,3 --out tests
  clr sweep start.onnx --data houses.csv --lr 0.01,0.1 --steps 500 --list > jobs.json
  clr sweep jobs.json --out results --report results.html
  clr sweep jobs.json --out results --redis redis://10.0.0.5:6379
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
      const expected = isFile ? 'a file of jobs without options for a grid' : '--module with a file of jobs';
      throw new UsageError(expected, `--${excess} with ${nameOf(path)}`, 'sweep');
    }
    const steps = wholeOf('sweep', 'steps', values.steps, 2);
    const workers = wholeOf('sweep', 'workers', values.workers);
    const { out, module, redis, list } = values;
    if (redis !== undefined && (module ?? workers) !== undefined) {
      const received = `--redis with --${module === undefined ? 'workers' : 'module'}`;
      throw new UsageError(
        '--redis without --workers and --module, because clr worker runs the jobs',
        received,
        'sweep',
      );
    }
    if (!out && !list) throw new UsageError('--out with a folder for the results', 'no --out', 'sweep');
    const given = isFile ? await fileJobs(path) : await gridJobs(path, values);
    if (!module) await checkSettings(given, isFile ? nameOf(path) : 'the grid');
    if (list || !out) return { text: JSON.stringify(given, null, 2) };
    // Only the module knows what its jobs read.
    const inputs = [
      ...new Set([
        path,
        ...(values.policy === undefined ? [] : [values.policy]),
        ...(module === undefined ? given.flatMap(pathsOf) : [module]),
      ]),
    ];
    await checkOutputs([values.report], inputs, out);
    const jobs = module === undefined ? await withInputs(given) : given;
    if (!module && redis === undefined) await loadRuntime();
    const progress = await createProgress(values.quiet === true || values.json === true);
    const interrupt = abortOnInterrupt();
    let outcome: SweepOutcome;
    try {
      progress.start('sweep', jobs.length);
      const { signal } = interrupt;
      const task = { out, signal, update: (done: number, note: string) => progress.update(done, note) };
      outcome = await (redis === undefined
        ? runHere(jobs, task, { module, workers })
        : runOverQueue(jobs, task, redis));
    } finally {
      interrupt.release();
      progress.stop();
    }
    const { results, failed, stopped } = outcome;
    if (stopped) {
      const line = commandLine('sweep', args);
      const text = `Stopped with ${results.length} of ${jobs.length} results in ${out}. Resume with:\n  ${line}`;
      return { text, exitCode: 130 };
    }
    const collection =
      results.length === 0
        ? { rows: [], rangeTests: [], runs: [] }
        : withRefusedTests(results, collect(results, { ...(steps !== undefined && { steps }) }));
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
    const found =
      rangeTests.some(({ finding }) => finding.suggestion) || results.some(({ autoClr }) => autoClr?.run);
    const without = rangeTests.length > 0 && !found;
    return {
      text: values.json ? JSON.stringify(json(), null, 2) : inWords(collection, faults, out),
      files,
      inputs,
      exitCode: failed.length > 0 ? 1 : without ? 3 : 0,
    };
  },
};

import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import {
  analyzeRangeTest,
  type Policy,
  parsePolicy,
  parseRun,
  parseTrace,
  type RangeTestTrace,
} from '@clr/core';
import type { NamedRun } from '@clr/report';
import type { Command } from '../command.ts';
import { UsageError, unusable } from '../errors.ts';
import { nameOf, readJson } from '../input/readJson.ts';
import { readArguments } from '../readArguments.ts';
import { runPaths } from '../training/runFolder.ts';

const flags = {
  out: { type: 'string' },
  title: { type: 'string' },
} as const;

/** `clr report`: writes everything about a model's learning rate to one HTML file. */
export const report: Command = {
  flags,
  help: `Usage: clr report <file.json | folder | -> … --out <file.html> [--title <text>]

Makes one HTML page of range tests, training runs and policies. The page needs no other file and no network. The
kind of a file is recognised by its content. A folder is one that clr train --checkpoint made. All runs are drawn in
one chart, each named after its file or folder.

  --out <file.html>   the file to write
  --title <text>      the heading of the page

Example
  clr report trace.json clr.json fixed.json --out report.html --title 'LeNet on MNIST'
  clr report run/ --out report.html
`,

  async run(args) {
    const { values, positionals } = readArguments('report', args, flags);
    const { out, title } = values;
    if (!out) throw new UsageError('--out with the name of the HTML file', 'no --out', 'report');
    if (positionals.length === 0) {
      throw new UsageError('at least one file or folder with a trace, a run or a policy', 'none', 'report');
    }
    const traces: RangeTestTrace[] = [];
    const runs: NamedRun[] = [];
    const policies: { name: string; policy: Policy; steps?: number }[] = [];
    const inputs = (await Promise.all(positionals.map(recordsOf))).flat();
    for (const { path, name } of inputs) {
      const value = await readJson(path);
      const has = (field: string) => typeof value === 'object' && value !== null && field in value;
      if (has('points')) traces.push(parseTrace(value, nameOf(path)));
      else if (has('troughs')) {
        const run = parseRun(value, nameOf(path));
        runs.push({ name, run });
        if (run.policy)
          policies.push({ name: `${name}: ${run.policy.type}`, policy: run.policy, steps: run.step });
      } else if (has('type')) policies.push({ name, policy: parsePolicy(value, nameOf(path)) });
      else {
        throw unusable({
          expected: `${nameOf(path)} to hold a trace (points), a run (troughs) or a policy (type)`,
          received: 'none of these fields',
          advice: 'Give the result of rangeTest or train, or a policy, as JSON.',
        });
      }
    }
    const { renderReport } = await import('@clr/report');
    const content = renderReport({
      ...(title !== undefined && { title }),
      ...(traces.length > 0 && { rangeTest: { trace: traces, finding: analyzeRangeTest(traces) } }),
      runs,
      policies,
    });
    return {
      text: `Written: ${out}`,
      inputs: inputs.map(({ path }) => path),
      files: [{ path: out, content }],
    };
  },
};

/** The given file, or the files of a run's folder. Each has a name for the pictures. */
async function recordsOf(path: string): Promise<{ path: string; name: string }[]> {
  const isFolder = path !== '-' && (await stat(path).catch(() => undefined))?.isDirectory();
  if (!isFolder) return [{ path, name: basename(nameOf(path), '.json') }];
  const { trace, run } = runPaths(path);
  const name = basename(resolve(path));
  const records = [trace, run].filter((each) => existsSync(each)).map((each) => ({ path: each, name }));
  if (records.length > 0) return records;
  throw unusable({
    expected: `trace.json or run.json in the folder ${path}`,
    received: 'neither',
    advice: 'Give a folder that clr train --checkpoint made, or files.',
  });
}

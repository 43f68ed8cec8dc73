import { basename } from 'node:path';
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

/** `clr report`: everything about a model's learning rate in one HTML file. */
export const report: Command = {
  help: `Usage: clr report <file.json | -> … --out <file.html> [--title <text>]

Makes one HTML page, without any outside reference, of range tests, training runs and policies: each file
says by its content which of them it is. Runs are drawn over one another under their files' names.

  --out <file.html>   where to write it
  --title <text>      the heading

Example
  clr report trace.json clr.json fixed.json --out report.html --title 'LeNet on MNIST'
`,

  async run(args) {
    const { values, positionals } = readArguments('report', args, {
      out: { type: 'string' },
      title: { type: 'string' },
    });
    const { out, title } = values;
    if (!out) throw new UsageError('--out with the name of the HTML file', 'no --out', 'report');
    if (positionals.length === 0) {
      throw new UsageError('at least one file with a trace, a run or a policy', 'none', 'report');
    }
    const traces: RangeTestTrace[] = [];
    const runs: NamedRun[] = [];
    const policies: { name: string; policy: Policy; steps?: number }[] = [];
    for (const path of positionals) {
      const value = await readJson(path);
      const name = basename(nameOf(path), '.json');
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
          advice: 'Give what rangeTest or train returned, or a policy, as JSON.',
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
    return { text: `Written: ${out}`, inputs: positionals, files: [{ path: out, content }] };
  },
};

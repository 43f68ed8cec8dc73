import { analyzeRangeTest, parseTrace } from '@clr/core';
import { plotRangeTest } from '@clr/report/terminal';
import { describeFinding } from '@clr/report/words';
import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { nameOf, readJson } from '../input/readJson.ts';
import { isUpdateKind, updateKinds } from '../input/updateKind.ts';
import { positiveInteger, readArguments } from '../readArguments.ts';

/** `clr analyze`: what an LR range test found. */
export const analyze: Command = {
  help: `Usage: clr analyze <trace.json | -> … [--svg <file.svg>] [--json]

Reads LR range tests, several of one model together, and says which rates they suggest.
Exits with 3 when they do not carry a suggestion.

  --steps <n>        how many steps the training will take (default: 500)
  --update <kind>    sgd, momentum or adaptive (default: what the first trace says)
  --svg <file.svg>   write the picture too
  --json             print the finding as JSON, and nothing else

Example
  clr analyze trace.json --steps 20000 --svg range-test.svg
`,

  async run(args) {
    const { values, positionals } = readArguments('analyze', args, {
      steps: { type: 'string' },
      update: { type: 'string' },
      svg: { type: 'string' },
      json: { type: 'boolean' },
    });
    if (positionals.length === 0) {
      throw new UsageError('at least one file with the trace of a range test', 'none', 'analyze');
    }
    const { steps, update } = values;
    if (update !== undefined && !isUpdateKind(update)) {
      throw new UsageError(`--update to be ${updateKinds.join(' or ')}`, `--update ${update}`, 'analyze');
    }
    const options = {
      ...(steps !== undefined && { steps: positiveInteger('analyze', 'steps', steps) }),
      ...(update && { updateKind: update }),
    };
    const traces = await Promise.all(
      positionals.map(async (path) => parseTrace(await readJson(path), nameOf(path))),
    );
    const finding = analyzeRangeTest(traces, options);
    const words = describeFinding(finding).join('\n');
    const text = values.json
      ? JSON.stringify(finding, null, 2)
      : `${plotRangeTest(traces, finding)}\n\n${words}`;
    const exitCode = finding.suggestion ? 0 : 3;
    if (values.svg === undefined) return { text, exitCode };
    // Loaded on demand: it is slow to load and rarely needed.
    const { renderRangeTest } = await import('@clr/report');
    return {
      text,
      exitCode,
      inputs: positionals,
      files: [{ path: values.svg, content: renderRangeTest(traces, finding) }],
    };
  },
};

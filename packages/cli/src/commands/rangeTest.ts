import { abortOnInterrupt } from '@clr/checkpoint/node';
import { analyzeRangeTest, rangeTest as runRangeTest, type Trainable } from '@clr/core';
import type { Batch } from '@clr/onnx';
import { plotRangeTest } from '@clr/report/terminal';
import { describeFinding } from '@clr/report/words';
import { checkOutputs } from '../checkOutputs.ts';
import type { Command, OutputFile } from '../command.ts';
import { UsageError } from '../errors.ts';
import { readArguments } from '../readArguments.ts';
import { dataHelp, numberOf, trainingFlags, trainingHelp, wholeOf } from '../training/flags.ts';
import { inputPaths } from '../training/inputPaths.ts';
import { createProgress } from '../training/progress.ts';
import { setUp } from '../training/setUp.ts';

const flags = {
  ...trainingFlags,
  tests: { type: 'string' },
  'start-lr': { type: 'string' },
  'end-lr': { type: 'string' },
  out: { type: 'string' },
  svg: { type: 'string' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
} as const;

/** `clr range-test`: tries learning rates. */
export const rangeTest: Command = {
  flags,
  help: `Usage: clr range-test <model.onnx> --data <path> [options]

Tries learning rates on a model, from low to high, and says which of them work. The model's file is not changed.
Exits with 3 if the curve gives no suggestion.

  --tests <n>         the number of updates of the test (default: automatic)
  --start-lr, --end-lr <rate>   the first and the last rate (default: found by a coarse sweep)
  --out <file.json>   write the trace, for clr analyze and clr report
  --svg <file.svg>    write the picture
  --json              print the trace and the finding as JSON, and nothing else
  --quiet             no progress

Data
${dataHelp}

The training
${trainingHelp}

Example
  clr range-test resnet.onnx --data flowers/ --head auto --svg rates.svg
`,

  async run(args) {
    const { values, positionals } = readArguments('range-test', args, flags);
    const [path, ...others] = positionals;
    if (!path || others.length > 0)
      throw new UsageError('one ONNX model', `${positionals.length} files`, 'range-test');
    const tests = wholeOf('range-test', 'tests', values.tests, 5);
    const rate = (name: 'start-lr' | 'end-lr') =>
      numberOf('range-test', name, values[name], (n) => n > 0, 'a number above 0');
    const [startLr, endLr] = [rate('start-lr'), rate('end-lr')];
    const inputs = inputPaths(values, path);
    await checkOutputs([values.out, values.svg], inputs);
    const set = await setUp('range-test', path, values);
    const notes = [...set.notes];
    const progress = await createProgress(values.quiet === true || values.json === true);
    const interrupt = abortOnInterrupt();
    try {
      const test = async (trainable: Trainable<Batch>) => {
        let tried = 0;
        progress.start('range test', tests ?? 135);
        const trace = await runRangeTest(trainable, set.batches(), {
          ...(tests !== undefined && { steps: tests }),
          ...(startLr !== undefined && { startLr }),
          ...(endLr !== undefined && { endLr }),
          signal: interrupt.signal,
          onStep: ({ lr, loss }) =>
            progress.update(
              ++tried,
              `rate ${lr.toPrecision(2)}  loss ${loss?.toPrecision(3) ?? 'not finite'}`,
            ),
        });
        return { trace, finding: analyzeRangeTest(trace, { steps: set.steps }) };
      };
      let { trace, finding } = await test(set.trainer);
      if (!finding.suggestion && set.steady && !interrupt.signal.aborted) {
        ({ trace, finding } = await test(set.steady));
        notes.push(
          `The losses of single batches gave no suggestion, so this is a second test, with the loss of all ${set.counts.train} training rows.`,
        );
      }
      progress.stop();
      if (interrupt.signal.aborted) return { text: 'Stopped. Nothing was written.', exitCode: 130 };
      const { renderRangeTest } = values.svg === undefined ? {} : await import('@clr/report');
      const files: OutputFile[] = [
        ...(values.out === undefined ? [] : [{ path: values.out, content: JSON.stringify(trace) }]),
        ...(values.svg === undefined || !renderRangeTest
          ? []
          : [{ path: values.svg, content: renderRangeTest([trace], finding) }]),
      ];
      const text = values.json
        ? JSON.stringify({ trace, finding }, null, 2)
        : [...notes, plotRangeTest([trace], finding), '', ...describeFinding(finding)].join('\n');
      return { text, files, inputs, exitCode: finding.suggestion ? 0 : 3 };
    } finally {
      interrupt.release();
      progress.stop();
      await set.trainer.dispose();
    }
  },
};

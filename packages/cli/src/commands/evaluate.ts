import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { readArguments } from '../readArguments.ts';
import { answer } from '../training/answer.ts';
import { dataFlags, dataHelp, wholeOf } from '../training/flags.ts';
import { score } from '../training/score.ts';

const flags = { ...dataFlags, batch: { type: 'string' }, json: { type: 'boolean' } } as const;

/** `clr evaluate`: measures how good a model is. */
export const evaluate: Command = {
  flags,
  help: `Usage: clr evaluate <model.onnx> --data <path> [options]

Measures a model on data. For classes it prints the accuracy, the cross-entropy and the accuracy of each class; for
numbers, the root mean squared error, the mean absolute error and R².

  --batch <n>         examples in a batch (default: 64)
  --json              print the result as JSON

Data
${dataHelp}

Example
  clr evaluate flowers.onnx --data flowers-test/
`,

  async run(args) {
    const { values, positionals } = readArguments('evaluate', args, flags);
    const [path, ...others] = positionals;
    if (!path || others.length > 0)
      throw new UsageError('one ONNX model', `${positionals.length} files`, 'evaluate');
    const batch = wholeOf('evaluate', 'batch', values.batch) ?? 64;
    const answered = await answer('evaluate', path, values, batch, true);
    const { notes } = answered;
    const result = { ...score(answered), notes };
    return {
      text: values.json ? JSON.stringify(result, null, 2) : [...notes, ...result.lines].join('\n'),
    };
  },
};

import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { readArguments } from '../readArguments.ts';
import { wholeOf } from '../training/flags.ts';
import { loadOnnx } from '../training/loadRuntime.ts';
import { readModel } from '../training/setUp.ts';

const flags = {
  batch: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** `clr inspect`: describes a model. */
export const inspect: Command = {
  flags,
  help: `Usage: clr inspect <model.onnx> [--batch <n>] [--json]

Describes an ONNX model: its inputs and outputs, its weights and which of them can be trained, the operators without a
gradient, the layer that --head replaces, and the memory that a training step takes.

  --batch <n>   the batch size for which the memory is computed (default: 1)
  --json        print the description as JSON

Example
  clr inspect resnet.onnx --batch 32
`,

  async run(args) {
    const { values, positionals } = readArguments('inspect', args, flags);
    const [path, ...others] = positionals;
    if (!path || others.length > 0)
      throw new UsageError('one ONNX model', `${positionals.length} files`, 'inspect');
    const batch = wholeOf('inspect', 'batch', values.batch) ?? 1;
    const { describeHead, describeModel, formatModel } = await loadOnnx();
    const model = await readModel(path);
    const description = describeModel(model, { batch });
    let head: ReturnType<typeof describeHead> | undefined;
    let why = '';
    try {
      head = describeHead(model);
    } catch (error) {
      why = (error as Error).message.split('\n')[1] ?? '';
    }
    if (values.json) return { text: JSON.stringify({ ...description, ...(head && { head }) }, null, 2) };
    const last = head
      ? `--head replaces ${head.operator} "${head.node}" with weight "${head.weight}": ${head.inputs} to ${head.classes} numbers`
      : `--head finds no last layer to replace. ${why}`;
    return { text: `${formatModel(description)}\n${last}` };
  },
};

import { analyzeRangeTest, type LossSmoothing } from '@clr/core';
import { readCurve } from '@clr/data/curves';
import { plotRangeTest } from '@clr/report/terminal';
import { describeFinding } from '@clr/report/words';
import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { nameOf, readBytes } from '../input/readJson.ts';
import { isUpdateKind, updateKinds } from '../input/updateKind.ts';
import { positiveInteger, readArguments } from '../readArguments.ts';

const flags = {
  steps: { type: 'string' },
  update: { type: 'string' },
  lr: { type: 'string' },
  loss: { type: 'string' },
  smoothing: { type: 'string' },
  svg: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** `clr analyze`: analyses LR range tests. */
export const analyze: Command = {
  flags,
  help: `Usage: clr analyze <file | -> … [--svg <file.svg>] [--json]

Reads one or more LR range tests and says which rates they suggest. Several files are
analysed together, so they should be tests of the same model.
Exits with 3 if they give no suggestion.

A file is a trace of clr, or a record of another tool: fastai's lrs and losses, pytorch-lr-finder's
history, Lightning's lr_find().results, Keras' History, an event file of TensorBoard, a CSV export of
Weights & Biases or MLflow, or any JSON or CSV with a rate and a loss.

  --steps <n>        the number of steps that you will train for (default: 500)
  --update <kind>    sgd, momentum, adaptive or rmsProp (default: that of the first trace)
  --lr <name>        the column, key or tag of the learning rate (default: guessed by its name)
  --loss <name>      the column, key or tag of the loss
  --smoothing <how>  how the losses in the file were smoothed: none, fastai, lightning, lr-finder, or the
                     factor of a running mean, such as 0.9 (default: as the tool that wrote the file does)
  --svg <file.svg>   also draw a picture into this file
  --json             print the finding as JSON, and nothing else

Example
  clr analyze trace.json --steps 20000 --svg range-test.svg
  clr analyze events.out.tfevents.1700000000.host --lr train/lr --loss train/loss
`,

  async run(args) {
    const { values, positionals } = readArguments('analyze', args, flags);
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
    const { lr, loss } = values;
    const smoothing = values.smoothing === undefined ? undefined : smoothingOf(values.smoothing);
    const named = { ...(lr !== undefined && { lr }), ...(loss !== undefined && { loss }) };
    const curves = await Promise.all(
      positionals.map(async (path) =>
        readCurve(await readBytes(path), { ...named, ...(smoothing && { smoothing }), name: nameOf(path) }),
      ),
    );
    const traces = curves.map(({ trace }) => trace);
    const notes = curves.flatMap((curve, i) =>
      curve.notes.map((note) => `${nameOf(positionals[i]!)}: ${note}`),
    );
    const finding = analyzeRangeTest(traces, options);
    const words = describeFinding(finding).join('\n');
    const text = values.json
      ? JSON.stringify(finding, null, 2)
      : [...notes, `${plotRangeTest(traces, finding)}\n\n${words}`].join('\n');
    const exitCode = finding.suggestion ? 0 : 3;
    if (values.svg === undefined) return { text, exitCode };
    // Loaded on demand, because it is slow to load and rarely needed.
    const { renderRangeTest } = await import('@clr/report');
    return {
      text,
      exitCode,
      inputs: positionals,
      files: [{ path: values.svg, content: renderRangeTest(traces, finding) }],
    };
  },
};

/** Reads the name of a smoothing that @clr/core knows, or the factor of a running mean. */
function smoothingOf(text: string): LossSmoothing {
  const names = ['none', 'fastai', 'lightning', 'lr-finder'] as const;
  const named = names.find((name) => name === text);
  if (named) return named;
  const beta = Number(text);
  if (beta >= 0 && beta < 1) return { beta };
  throw new UsageError(
    `--smoothing to be ${names.join(', ')} or a factor in [0, 1)`,
    `--smoothing ${text}`,
    'analyze',
  );
}

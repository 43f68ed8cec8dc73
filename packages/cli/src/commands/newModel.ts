import { checkOutputs } from '../checkOutputs.ts';
import type { Command, OutputFile } from '../command.ts';
import { UsageError, unusable } from '../errors.ts';
import { readArguments } from '../readArguments.ts';
import { encodingPath, encodingText } from '../training/encodingFile.ts';
import { dataFlags, listOf, numberOf, wholeOf } from '../training/flags.ts';
import { cnn, mlp, transformer, wideAndDeep } from '../training/freshLayers.ts';
import { inputPaths } from '../training/inputPaths.ts';
import { loadOnnx } from '../training/loadRuntime.ts';
import { type Opened, openData } from '../training/openData.ts';

const flags = {
  ...dataFlags,
  input: { type: 'string' },
  outputs: { type: 'string' },
  hidden: { type: 'string' },
  filters: { type: 'string' },
  vocabulary: { type: 'string' },
  width: { type: 'string' },
  heads: { type: 'string' },
  blocks: { type: 'string' },
  dropout: { type: 'string' },
  grey: { type: 'boolean' },
  split: { type: 'string' },
  seed: { type: 'string' },
  out: { type: 'string' },
} as const;

/** The options that only some kinds of models use, with these kinds. */
const kindsOf: Readonly<Record<string, readonly string[]>> = {
  hidden: ['mlp', 'cnn'],
  filters: ['cnn'],
  grey: ['cnn'],
  vocabulary: ['transformer'],
  width: ['transformer'],
  heads: ['transformer'],
  blocks: ['transformer'],
};

/** The number of examples whose tokens are checked. */
const looked = 2048;

/** The hidden layers of an mlp: `large`, or `small` if `large` has more weights than the data have training rows. */
const [large, small] = [[32, 32], { hidden: [32], dropout: 0.5 }] as const;

/** The number of weights and biases of dense layers with these sizes. */
const weightsOf = (sizes: readonly number[]): number =>
  sizes.reduce((sum, size, i) => sum + (i === 0 ? 0 : ((sizes[i - 1] as number) + 1) * size), 0);

/** `clr new`: makes a new model. */
export const newModel: Command = {
  flags,
  help: `Usage: clr new mlp | cnn | transformer --out <model.onnx> (--data <path> | --input <shape> --outputs <n>) [options]

Writes a new ONNX model with random weights: fully connected layers for tables (mlp), convolutions for images (cnn),
or an encoder with attention for sequences (transformer). With --data its inputs and outputs fit the data. For tables
and images, <name>.encoding.json beside it holds the encoding of the data.

  --data <path>       a table, a folder of images by class, or arrays, as for clr train
  --target, --drop, --task, --size, --mean, --std, --labels   as for clr train
  --grey              read images as one channel
  --split <share>     the share that clr train holds out for validation, and the encoding leaves out (default: 0.2)
  --input <shape>     the shape of an example: 784; 3,32,32; 128 tokens, or 128,9 for 128 steps of 9 numbers
  --outputs <n>       the number of classes, or of numbers that the model predicts
  --hidden <a,b>      units of the hidden layers (default: 32,32 for an mlp; 64 for a cnn). If an mlp with 32,32 has more
                      weights than the data have training rows, the default is 32 beside a linear path, and --dropout 0.5
  --filters <a,b,c>   filters of a cnn's blocks, each of which halves the image (default: 16,32,64)
  --vocabulary <n>    the number of different tokens that a transformer reads; they are numbered from 0. Without it, a
                      transformer reads measured numbers
  --width, --heads, --blocks <n>   the size of a transformer (default: 64, 4, 2)
  --dropout <share>   dropout before the last layer; in a transformer, after each block (default: 0, but see --hidden)
  --seed <n>          decides the initial weights and the split (default: 0)

Example
  clr new mlp --data houses.csv --target price --out start.onnx
  clr new cnn --data flowers/ --size 64 --out start.onnx
  clr new transformer --data reviews.npz --vocabulary 8000 --out start.onnx
`,

  async run(args) {
    const { values, positionals } = readArguments('new', args, flags);
    const [kind, ...others] = positionals;
    if ((kind !== 'mlp' && kind !== 'cnn' && kind !== 'transformer') || others.length > 0) {
      throw new UsageError('mlp, cnn or transformer', positionals.join(' ') || 'nothing', 'new');
    }
    const { out, data } = values;
    if (!out) throw new UsageError('--out with the name of the model', 'no --out', 'new');
    const inputs = inputPaths(values);
    await checkOutputs([out], inputs);
    const seed = wholeOf('new', 'seed', values.seed, 0) ?? 0;
    const share = numberOf('new', 'split', values.split, (n) => n > 0 && n < 1, 'a share in (0, 1)') ?? 0.2;
    const asked = listOf('new', 'hidden', values.hidden);
    const filters = listOf('new', 'filters', values.filters) ?? [16, 32, 64];
    const wanted = numberOf('new', 'dropout', values.dropout, (n) => n >= 0 && n < 1, 'a share in [0, 1)');
    const vocabulary = wholeOf('new', 'vocabulary', values.vocabulary);
    const sizes = {
      width: wholeOf('new', 'width', values.width) ?? 64,
      heads: wholeOf('new', 'heads', values.heads) ?? 4,
      blocks: wholeOf('new', 'blocks', values.blocks) ?? 2,
      vocabulary,
    };
    for (const [flag, kinds] of Object.entries(kindsOf)) {
      if (flag in values && !kinds.includes(kind)) {
        throw new UsageError(
          `--${flag} with clr new ${kinds.join(' or ')}`,
          `clr new ${kind} --${flag}`,
          'new',
        );
      }
    }
    const { buildModel } = await loadOnnx();
    let [input, outputs] = [listOf('new', 'input', values.input), wholeOf('new', 'outputs', values.outputs)];
    let opened: Opened | undefined;
    if (data !== undefined) {
      const channels = values.grey ? 1 : 3;
      const port = { name: 'input', type: 'float32', dims: ['batch', channels, 'height', 'width'] };
      opened = await openData(data, {
        ...{ command: 'new', values, split: { share, seed } },
        ...(kind === 'cnn' && { inputs: [port] }),
        ...(vocabulary !== undefined && {
          inputs: [{ name: 'input', type: 'int64', dims: undefined, vocabulary }],
        }),
      });
      const { dataset } = opened;
      // Report invalid tokens now, instead of when the training begins.
      if (vocabulary !== undefined)
        await dataset.read(Array.from({ length: Math.min(looked, dataset.count) }, (_, i) => i));
      const shape = dataset.fields['input']?.dims ?? [];
      input ??= [...shape];
      if (kind === 'mlp') input = [sizeOf(input)];
      checkInput(input, kind === 'mlp' ? [sizeOf(shape)] : shape);
      outputs = outputsFor(opened, outputs);
    }
    if (!input || outputs === undefined) {
      throw new UsageError('--data, or --input and --outputs', 'neither', 'new');
    }
    const rows = opened ? Math.ceil((1 - share) * opened.dataset.count) : Infinity;
    const few = kind === 'mlp' && !asked && rows < weightsOf([input.at(-1) as number, ...large, outputs]);
    const hidden = asked ?? (kind === 'cnn' ? [64] : few ? small.hidden : large);
    const dropout = wanted ?? (few ? small.dropout : 0);
    if (kind === 'transformer') checkSequence(input, vocabulary !== undefined);
    const layers = {
      mlp: () => (few ? wideAndDeep : mlp)(hidden, dropout, outputs),
      cnn: () => cnn(input, filters, hidden, dropout, outputs),
      transformer: () => transformer(sizes, dropout, outputs),
    }[kind]();
    const model = buildModel({ input, layers, seed });
    const files: OutputFile[] = [
      { path: out, content: model },
      ...(opened?.encoding ? [{ path: encodingPath(out), content: encodingText(opened.encoding) }] : []),
    ];
    const text = [
      ...(opened?.notes ?? []),
      ...(few
        ? [
            `With only ${rows} rows to train on, the model has ${hidden.join()} hidden units beside a linear path, and dropout of ${dropout}. Use --hidden for another size, without the linear path.`,
          ]
        : []),
      `The model has inputs of the shape [${input.join(', ')}], and ${outputs} ${outputs === 1 ? 'output' : 'outputs'}.`,
      `Written: ${files.map(({ path }) => path).join(', ')}`,
    ];
    return { text: text.join('\n'), files, inputs };
  },
};

/** The number of values in an example. */
const sizeOf = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);

/** Refuses an `--input` that contradicts the data. */
function checkInput(input: readonly number[], shape: readonly number[]): void {
  if (input.join() === shape.join()) return;
  throw unusable({
    expected: `--input ${shape.join()}, because the examples in --data have this shape`,
    received: `--input ${input.join()}`,
    advice: 'Leave out --input.',
  });
}

/** The number of outputs that the data need. Refuses an `--outputs` that contradicts it. */
function outputsFor({ dataset, classes, encoding }: Opened, asked?: number): number | undefined {
  const dims = dataset.fields['target']?.dims ?? [];
  const needed = classes ?? (encoding ? 1 : dims[0]);
  if (asked === undefined || asked === needed) return needed;
  // Arrays may lack examples of the last classes. An encoding names all classes.
  const isMore = classes !== undefined && !encoding && asked > classes;
  if (isMore || (classes === undefined && dims.length > 1)) return asked;
  const isOne = classes !== undefined && asked === 1;
  throw unusable({
    expected:
      classes === undefined
        ? `--outputs ${needed}, because the target in --data is ${needed === 1 ? 'a number' : `${needed} numbers`}`
        : `--outputs ${classes}, because the target in --data has ${classes} classes`,
    received: `--outputs ${asked}`,
    advice: `Leave out --outputs.${isOne ? ' If the classes are numbers to predict, add --task regression.' : ''}`,
  });
}

/** Refuses examples that are not sequences. A transformer reads [steps] tokens or [steps, numbers]. */
function checkSequence(input: readonly number[], tokens: boolean): void {
  if (input.length === (tokens ? 1 : 2)) return;
  throw unusable({
    expected: tokens
      ? 'examples of one axis, the tokens, for a transformer with --vocabulary'
      : 'examples of two axes, steps and numbers, for a transformer',
    received: `the shape [${input.join(', ')}]`,
    advice: tokens
      ? 'Give arrays [examples, tokens].'
      : 'Give arrays [examples, steps, numbers], or arrays [examples, tokens] with --vocabulary.',
  });
}

import type { LayerSpec } from '@clr/onnx';
import type { Command, OutputFile } from '../command.ts';
import { UsageError } from '../errors.ts';
import { readArguments } from '../readArguments.ts';
import { encodingPath, encodingText } from '../training/encodingFile.ts';
import { dataFlags, listOf, numberOf, wholeOf } from '../training/flags.ts';
import { loadOnnx } from '../training/loadRuntime.ts';
import { type Opened, openData } from '../training/openData.ts';

const flags = {
  ...dataFlags,
  input: { type: 'string' },
  outputs: { type: 'string' },
  hidden: { type: 'string' },
  filters: { type: 'string' },
  dropout: { type: 'string' },
  grey: { type: 'boolean' },
  split: { type: 'string' },
  seed: { type: 'string' },
  out: { type: 'string' },
} as const;

/** `clr new`: a fresh model. */
export const newModel: Command = {
  help: `Usage: clr new mlp | cnn --out <model.onnx> (--data <path> | --input <shape> --outputs <n>) [options]

Writes a fresh ONNX model with random weights: layers of full connections for tables (mlp), or of convolutions for images
(cnn). With --data it gets the size of the data, and <name>.encoding.json beside it says how these become numbers.

  --data <path>       a table, a folder of images by class, or arrays, as for clr train
  --target, --drop, --task, --size, --mean, --std, --labels   as for clr train
  --grey              images of one channel
  --split <share>     the share that clr train will judge by, whose rows the encoding must not see (default: 0.2)
  --input <shape>     the shape of an example: 784, or 3,32,32
  --outputs <n>       how many classes or numbers it answers with
  --hidden <a,b>      units of the hidden layers (default: 32,32 of an mlp; 64 of a cnn)
  --filters <a,b,c>   filters of a cnn's blocks, each of which halves the image (default: 16,32,64)
  --dropout <share>   before the last layer
  --seed <n>          decides the weights, and the split (default: 0)

Example
  clr new mlp --data houses.csv --target price --out start.onnx
  clr new cnn --data flowers/ --size 64 --out start.onnx
`,

  async run(args) {
    const { values, positionals } = readArguments('new', args, flags);
    const [kind, ...others] = positionals;
    if ((kind !== 'mlp' && kind !== 'cnn') || others.length > 0) {
      throw new UsageError('mlp or cnn', positionals.join(' ') || 'nothing', 'new');
    }
    const { out, data } = values;
    if (!out) throw new UsageError('--out with the name of the model', 'no --out', 'new');
    const seed = wholeOf('new', 'seed', values.seed, 0) ?? 0;
    const share = numberOf('new', 'split', values.split, (n) => n > 0 && n < 1, 'a share in (0, 1)') ?? 0.2;
    const hidden = listOf('new', 'hidden', values.hidden) ?? (kind === 'mlp' ? [32, 32] : [64]);
    const filters = listOf('new', 'filters', values.filters) ?? [16, 32, 64];
    const dropout =
      numberOf('new', 'dropout', values.dropout, (n) => n >= 0 && n < 1, 'a share in [0, 1)') ?? 0;
    const { buildModel } = await loadOnnx();
    let [input, outputs] = [listOf('new', 'input', values.input), wholeOf('new', 'outputs', values.outputs)];
    let opened: Opened | undefined;
    if (data !== undefined) {
      const channels = values.grey ? 1 : 3;
      const port = { name: 'input', type: 'float32', dims: ['batch', channels, 'height', 'width'] };
      opened = await openData(data, {
        ...{ command: 'new', values, split: { share, seed } },
        ...(kind === 'cnn' && { inputs: [port] }),
      });
      const { dataset, classes, encoding } = opened;
      input ??= [...(dataset.fields['input']?.dims ?? [])];
      if (kind === 'mlp') input = [input.reduce((product, dim) => product * dim, 1)];
      outputs ??= classes ?? (encoding ? 1 : dataset.fields['target']?.dims[0]);
    }
    if (!input || outputs === undefined) {
      throw new UsageError('--data, or --input and --outputs', 'neither', 'new');
    }
    const layers =
      kind === 'mlp' ? mlp(hidden, dropout, outputs) : cnn(input, filters, hidden, dropout, outputs);
    const model = buildModel({ input, layers, seed });
    const files: OutputFile[] = [
      { path: out, content: model },
      ...(opened?.encoding ? [{ path: encodingPath(out), content: encodingText(opened.encoding) }] : []),
    ];
    const text = [
      ...(opened?.notes ?? []),
      `A model from [${input.join(', ')}] to ${outputs}.`,
      `Written: ${files.map(({ path }) => path).join(', ')}`,
    ];
    return { text: text.join('\n'), files };
  },
};

const dense = (units: readonly number[]): LayerSpec[] =>
  units.flatMap((each) => [{ type: 'dense' as const, units: each }, { type: 'relu' as const }]);

const dropped = (rate: number): LayerSpec[] => (rate > 0 ? [{ type: 'dropout', rate }] : []);

const mlp = (hidden: readonly number[], rate: number, outputs: number): LayerSpec[] => [
  ...dense(hidden),
  ...dropped(rate),
  { type: 'dense', units: outputs },
];

function cnn(
  input: readonly number[],
  filters: readonly number[],
  hidden: readonly number[],
  rate: number,
  outputs: number,
): LayerSpec[] {
  let side = Math.min(input[1] ?? 1, input[2] ?? 1);
  const blocks = filters.flatMap((each): LayerSpec[] => {
    const pools = side >= 2;
    side = Math.floor(side / 2);
    return [
      { type: 'conv2d', filters: each, kernel: 3, padding: 1, bias: false },
      { type: 'batchNorm' },
      { type: 'relu' },
      ...(pools ? [{ type: 'maxPool' as const, size: 2 }] : []),
    ];
  });
  return [
    ...blocks,
    { type: 'globalAvgPool' },
    ...dense(hidden),
    ...dropped(rate),
    { type: 'dense', units: outputs },
  ];
}

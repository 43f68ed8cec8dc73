import { encodeNpz } from '@clr/data';
import { checkOutputs } from '../checkOutputs.ts';
import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { readArguments } from '../readArguments.ts';
import { type Answered, answer, largest, probabilitiesOf, rowsOf } from '../training/answer.ts';
import { dataFlags, dataHelp, wholeOf } from '../training/flags.ts';
import { inputPaths } from '../training/inputPaths.ts';

const flags = { ...dataFlags, batch: { type: 'string' }, out: { type: 'string' } } as const;

/** `clr predict` writes a model's predictions. */
export const predict: Command = {
  flags,
  help: `Usage: clr predict <model.onnx> --data <path> --out <predictions.csv | predictions.npz> [options]

Writes the model's prediction for each example, in order. A .csv file holds the class and its probability, or numbers
in the units of the table. A .npz file holds the raw outputs ("outputs") and the classes ("classes"). A folder of
images may have any subfolders; images are read in the order of their paths.

  --batch <n>         examples in a batch (default: 64)

Data
${dataHelp}

Example
  clr predict houses.onnx --data new-houses.csv --out prices.csv
`,

  async run(args) {
    const { values, positionals } = readArguments('predict', args, flags);
    const [path, ...others] = positionals;
    if (!path || others.length > 0)
      throw new UsageError('one ONNX model', `${positionals.length} files`, 'predict');
    const { out } = values;
    if (!out || !/\.(csv|npz)$/i.test(out))
      throw new UsageError('--out with a name that ends in .csv or .npz', out ?? 'no --out', 'predict');
    const inputs = inputPaths(values, path);
    await checkOutputs([out], inputs);
    const batch = wholeOf('predict', 'batch', values.batch) ?? 64;
    const answered = await answer('predict', path, values, batch, false);
    const content = /\.npz$/i.test(out) ? npzOf(answered) : csvOf(answered);
    return {
      text: [...answered.notes, `${answered.count} predictions.`, `Written: ${out}`].join('\n'),
      inputs,
      files: [{ path: out, content }],
    };
  },
};

const isClasses = ({ width, encoding }: Answered): boolean =>
  encoding ? encoding.kind === 'images' || encoding.target.type === 'classes' : width > 1;

function npzOf(answered: Answered): Uint8Array {
  const { outputs, width, count } = answered;
  const classes = BigInt64Array.from(rowsOf(answered), (row) => BigInt(largest(row)));
  return encodeNpz({
    outputs: { dims: [count, width], data: outputs },
    ...(isClasses(answered) && { classes: { dims: [count], data: classes } }),
  });
}

/**
 * Formats a float32 with the fewest digits, but at least six, from which the same float32 can be read back. With `mean`
 * and `std` it first converts the float32 back to the table's units.
 */
function shortest(value: number, { mean, std } = { mean: 0, std: 1 }): string {
  const number = value * std + mean;
  for (let digits = 6; digits < 17; digits++) {
    const text = number.toPrecision(digits);
    if (Math.fround((Number(text) - mean) / std) === value) return text;
  }
  return String(number);
}

function csvOf(answered: Answered): string {
  const { encoding, width } = answered;
  const rows = rowsOf(answered);
  const cell = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  if (isClasses(answered)) {
    const names =
      encoding?.kind === 'images'
        ? encoding.classes
        : encoding?.target.type === 'classes'
          ? encoding.target.classes
          : [];
    const lines = probabilitiesOf(answered).map((chances) => {
      const best = largest(chances);
      return `${cell(names[best] ?? String(best))},${shortest(chances[best] as number)}`;
    });
    return `${['class,probability', ...lines].join('\n')}\n`;
  }
  const target =
    encoding?.kind === 'table' && encoding.target.type === 'number' ? encoding.target : undefined;
  const header = target
    ? cell(target.name)
    : Array.from({ length: width }, (_, i) => `output${i + 1}`).join(',');
  const lines = rows.map((row) => Array.from(row, (value) => shortest(value, target)).join(','));
  return `${[header, ...lines].join('\n')}\n`;
}

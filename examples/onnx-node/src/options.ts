import { parseArgs } from 'node:util';

/** The options on the command line. */
export interface Options {
  /** The budgets to compare, in epochs, from the shortest to the longest. */
  readonly epochs: readonly number[];
  /** The number of training images to use, of 60,000. */
  readonly images: number;
  /** The maximum number of steps of the range test. */
  readonly sweep: number;
  /** Decides the order of the images. */
  readonly seed: number;
  /** The folder for the report and the model. */
  readonly out: string;
}

export const help = `Finds the learning rate of LeNet on MNIST, then shows what a schedule is worth: a fixed rate, CLR and a decay, for
several budgets.

  --epochs <n,…> the budgets, in epochs, shortest first (default 1,2,4)
  --images <n>   training images to use, at most 60,000 (default all)
  --sweep <n>    steps of the LR range test (default 400)
  --seed <n>     the order of the images (default 1)
  --out <dir>    where demo-report.html and lenet-mnist.onnx go (default: here)
  --help         this text
`;

/**
 * Reads the command line.
 *
 * @returns the options, or `undefined` if help was requested
 * @throws {Error} that says which flag is wrong
 */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      epochs: { type: 'string', default: '1,2,4' },
      images: { type: 'string', default: '60000' },
      sweep: { type: 'string', default: '400' },
      seed: { type: 'string', default: '1' },
      out: { type: 'string', default: '.' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const epochs = values.epochs.split(',').map(Number);
  if (
    epochs.some(
      (count, index) => !Number.isInteger(count) || count > 100 || count <= (epochs[index - 1] ?? 0),
    )
  ) {
    throw new Error(
      `Expected --epochs to be rising integers from 1 to 100 with commas between them.\nReceived: --epochs ${values.epochs}`,
    );
  }
  const whole = (name: 'images' | 'sweep' | 'seed', from: number, to: number): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= from && value <= to) return value;
    throw new Error(
      `Expected --${name} to be an integer from ${from} to ${to}.\nReceived: --${name} ${values[name]}`,
    );
  };
  return {
    epochs,
    images: whole('images', 640, 60_000),
    sweep: whole('sweep', 50, 10_000),
    seed: whole('seed', 0, 1_000_000),
    out: values.out,
  };
}

import { parseArgs } from 'node:util';

/** What the demo is told on the command line. */
export interface Options {
  /** Epochs of each of the two runs; CLR makes one cycle of each. */
  readonly epochs: number;
  /** How many of the 60,000 training images to use. */
  readonly images: number;
  /** Steps of the range test, at most. */
  readonly sweep: number;
  /** Decides the order of the images. */
  readonly seed: number;
  /** Where the report and the model go. */
  readonly out: string;
}

export const help = `Finds the learning rate of LeNet on MNIST, then trains it twice, with CLR and with a fixed rate.

  --epochs <n>   epochs of each run, one CLR cycle each (default 4)
  --images <n>   training images to use, at most 60,000 (default all)
  --sweep <n>    steps of the LR range test (default 400)
  --seed <n>     the order of the images (default 1)
  --out <dir>    where demo-report.html and lenet-mnist.onnx go (default: here)
  --help         this text
`;

/**
 * Reads the command line.
 *
 * @returns the options, or `undefined` when help was asked for
 * @throws {Error} in a sentence that says which flag is wrong
 */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      epochs: { type: 'string', default: '4' },
      images: { type: 'string', default: '60000' },
      sweep: { type: 'string', default: '400' },
      seed: { type: 'string', default: '1' },
      out: { type: 'string', default: '.' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const whole = (name: 'epochs' | 'images' | 'sweep' | 'seed', from: number, to: number): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= from && value <= to) return value;
    throw new Error(
      `Expected --${name} to be an integer from ${from} to ${to}.\nReceived: --${name} ${values[name]}`,
    );
  };
  return {
    epochs: whole('epochs', 1, 100),
    images: whole('images', 640, 60_000),
    sweep: whole('sweep', 50, 10_000),
    seed: whole('seed', 0, 1_000_000),
    out: values.out,
  };
}

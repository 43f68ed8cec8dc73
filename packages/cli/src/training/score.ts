import { unusable } from '../errors.ts';
import { type Answered, largest, probabilitiesOf } from './answer.ts';

/** The quality of a model's predictions, as numbers and as lines to print. */
export interface Score {
  readonly examples: number;
  readonly accuracy?: number;
  readonly crossEntropy?: number;
  /** The accuracy of always predicting the most frequent class. */
  readonly constantAccuracy?: number;
  readonly classes?: readonly {
    readonly name: string;
    readonly examples: number;
    readonly accuracy: number;
  }[];
  readonly meanSquaredError?: number;
  readonly rootMeanSquaredError?: number;
  readonly meanAbsoluteError?: number;
  /**
   * R²: 1 − (the squared error of the predictions) / (the squared error of always predicting the mean). Absent if all
   * targets are equal.
   */
  readonly r2?: number;
  readonly lines: readonly string[];
}

/** Compares a model's outputs with the targets. */
export function score(answered: Answered): Score {
  return answered.classes ? ofClasses(answered, answered.classes) : ofNumbers(answered);
}

const share = (value: number): string => `${(100 * value).toFixed(2)} %`;

function ofClasses(answered: Answered, labels: readonly number[]): Score {
  const { width, count, encoding } = answered;
  const all = probabilitiesOf(answered);
  const names =
    encoding?.kind === 'images'
      ? encoding.classes
      : encoding?.target.type === 'classes'
        ? encoding.target.classes
        : [];
  const seen = Array.from({ length: width }, (_, i) => ({
    name: names[i] ?? String(i),
    examples: 0,
    right: 0,
  }));
  let [right, entropy] = [0, 0];
  for (let row = 0; row < count; row++) {
    const label = labels[row] as number;
    const one = seen[label];
    if (!one) {
      throw unusable({
        expected: `labels from 0 to ${width - 1}`,
        received: `${label} in row ${row}`,
        advice: 'Give data with the same classes.',
      });
    }
    const chances = all[row]!;
    entropy -= Math.log(Math.max(chances[label] as number, 1e-30)) / count;
    one.examples += 1;
    if (largest(chances) === label) {
      one.right += 1;
      right += 1;
    }
  }
  const classes = seen
    .filter(({ examples }) => examples > 0)
    .map(({ name, examples, right: n }) => ({ name, examples, accuracy: n / examples }));
  const constantAccuracy = Math.max(...seen.map(({ examples }) => examples)) / count;
  const accuracy = right / count;
  const lines = [
    `accuracy ${share(accuracy)} of ${count} examples (always the most frequent class: ${share(constantAccuracy)})`,
    `cross-entropy ${entropy.toPrecision(4)}`,
    ...classes
      .slice(0, 50)
      .map(({ name, examples, accuracy: each }) => `  ${name}: ${share(each)} of ${examples}`),
  ];
  return { examples: count, accuracy, crossEntropy: entropy, constantAccuracy, classes, lines };
}

function ofNumbers({ outputs, numbers, count, encoding }: Answered): Score {
  if (!numbers || numbers.length !== outputs.length) {
    throw unusable({
      expected: `${outputs.length} target values, one for each output of the model`,
      received: `${numbers?.length ?? 0}`,
      advice: 'Give the targets with --target or --labels.',
    });
  }
  const target = encoding?.kind === 'table' ? encoding.target : undefined;
  const scale = target?.type === 'number' ? target.std : 1;
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  let [square, absolute, spread] = [0, 0, 0];
  outputs.forEach((output, i) => {
    const [difference, from] = [output - (numbers[i] as number), (numbers[i] as number) - mean];
    square += difference ** 2 / outputs.length;
    absolute += Math.abs(difference) / outputs.length;
    spread += from ** 2 / outputs.length;
  });
  const [meanSquaredError, meanAbsoluteError] = [square * scale ** 2, absolute * scale];
  const rootMeanSquaredError = Math.sqrt(meanSquaredError);
  const r2 = spread > 0 ? 1 - square / spread : undefined;
  const lines = [
    `root mean squared error ${rootMeanSquaredError.toPrecision(4)}, mean absolute error ${meanAbsoluteError.toPrecision(4)}`,
    r2 === undefined
      ? `R² is not defined: the targets of all ${count} examples are equal`
      : `R² ${r2.toFixed(4)} on ${count} examples (always the mean: 0)`,
  ];
  return {
    ...{ examples: count, meanSquaredError, rootMeanSquaredError, meanAbsoluteError },
    ...(r2 !== undefined && { r2 }),
    lines,
  };
}

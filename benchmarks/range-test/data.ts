import { cifar10, type Dataset, type LabelledImages, mnist, random } from '@clr/datasets';

/** Which data a setting learns. */
export type DataName = 'mnist' | 'cifar' | 'tabular' | 'sequence' | 'waves';

/** Examples side by side: `inputs` holds `count` of them, row by row. */
export interface Examples {
  readonly inputs: Float32Array | BigInt64Array;
  readonly labels: Uint8Array;
  readonly count: number;
}

/** A small classification problem. */
export interface Problem {
  readonly train: Examples;
  readonly validation: Examples;
  /** Of one example. */
  readonly shape: readonly number[];
}

const loaded = new Map<DataName, Promise<Problem>>();

/** Loads or makes a problem; the same every time, and once a process: decoding CIFAR-10 takes seconds. */
export function loadProblem(name: DataName): Promise<Problem> {
  const problem = loaded.get(name) ?? make(name);
  loaded.set(name, problem);
  return problem;
}

async function make(name: DataName): Promise<Problem> {
  switch (name) {
    case 'mnist':
      return images(await mnist(), 1);
    case 'cifar':
      return images(await cifar10(), 2);
    case 'tabular':
      return tabular();
    case 'sequence':
      return sequence();
    case 'waves':
      return waves();
  }
}

/** The first 10,000 and 2,000 images, normalised, and made smaller by the mean of `by` × `by` pixels. */
function images({ train, test, shape: [channels, height, width], mean, std }: Dataset, by: number): Problem {
  const [rows, columns] = [height / by, width / by];
  const convert = (split: LabelledImages, count: number): Examples => {
    const inputs = new Float32Array(count * channels * rows * columns);
    for (let plane = 0; plane < count * channels; plane++) {
      const scale = 1 / (255 * by * by * std[plane % channels]!);
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          const to = (plane * rows + Math.floor(row / by)) * columns + Math.floor(column / by);
          inputs[to]! += split.images[(plane * height + row) * width + column]! * scale;
        }
      }
      const shift = mean[plane % channels]! / std[plane % channels]!;
      const from = plane * rows * columns;
      for (let i = from; i < from + rows * columns; i++) inputs[i]! -= shift;
    }
    return { inputs, labels: split.labels.subarray(0, count), count };
  };
  return {
    train: convert(train, 10_000),
    validation: convert(test, 2000),
    shape: [channels, rows, columns],
  };
}

/** Numbers of the standard normal distribution. */
const normalFrom = (next: () => number) => (): number =>
  Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());

/**
 * Twenty numbers from a normal distribution, six classes: the largest output of a random net with one hidden
 * layer, where one label in ten is drawn at random.
 */
function tabular(): Problem {
  const next = random(17);
  const normal = normalFrom(next);
  const [features, hidden, classes] = [20, 24, 6];
  const first = Array.from({ length: hidden * features }, () => normal() / Math.sqrt(features));
  const second = Array.from({ length: classes * hidden }, normal);
  const make = (count: number): Examples => {
    const inputs = Float32Array.from({ length: count * features }, normal);
    const labels = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const bends = Array.from({ length: hidden }, (_, unit) => {
        let sum = 0;
        for (let k = 0; k < features; k++) sum += first[unit * features + k]! * inputs[i * features + k]!;
        return Math.tanh(2 * sum);
      });
      const scores = Array.from({ length: classes }, (_, of) =>
        bends.reduce((sum, bend, unit) => sum + second[of * hidden + unit]! * bend, 0),
      );
      labels[i] = next() < 0.1 ? Math.floor(next() * classes) : scores.indexOf(Math.max(...scores));
    }
    return { inputs, labels, count };
  };
  return { train: make(20_000), validation: make(2000), shape: [features] };
}

/**
 * Sixteen tokens of a vocabulary of twelve; the class is the token that weighs most, where each occurrence
 * counts by its place and places fade in waves: a net must learn both tokens and places.
 */
function sequence(): Problem {
  const next = random(29);
  const [length, vocabulary] = [16, 12];
  const weights = Array.from({ length }, (_, place) => 1.2 + Math.cos((place * 2 * Math.PI) / 5.5));
  const make = (count: number): Examples => {
    const inputs = new BigInt64Array(count * length);
    const labels = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const totals = new Array<number>(vocabulary).fill(0);
      for (let place = 0; place < length; place++) {
        const token = Math.floor(next() * vocabulary);
        inputs[i * length + place] = BigInt(token);
        totals[token]! += weights[place]!;
      }
      labels[i] = totals.indexOf(Math.max(...totals));
    }
    return { inputs, labels, count };
  };
  return { train: make(10_000), validation: make(2000), shape: [length] };
}

/**
 * Sixty-four samples of a wave of any phase, of 2 to 6 periods, with noise; six classes by its form: sine, square,
 * sawtooth, a rising chirp, a fading sine, and two sines together.
 */
function waves(): Problem {
  const next = random(41);
  const normal = normalFrom(next);
  const [length, turn] = [64, 2 * Math.PI];
  const forms: readonly ((t: number, periods: number) => number)[] = [
    (t, periods) => Math.sin(turn * periods * t),
    (t, periods) => Math.sign(Math.sin(turn * periods * t)),
    (t, periods) => 2 * ((periods * t) % 1) - 1,
    (t, periods) => Math.sin(turn * periods * t * (0.5 + t / 2)),
    (t, periods) => 1.5 * Math.exp(-2 * (t % 1)) * Math.sin(turn * periods * t),
    (t, periods) => 0.7 * (Math.sin(turn * periods * t) + Math.sin(turn * 1.5 * periods * t)),
  ];
  const make = (count: number): Examples => {
    const inputs = new Float32Array(count * length);
    const labels = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const of = Math.floor(next() * forms.length);
      const [periods, phase] = [2 + 4 * next(), next()];
      for (let k = 0; k < length; k++)
        inputs[i * length + k] = forms[of]!(k / length + phase, periods) + 0.6 * normal();
      labels[i] = of;
    }
    return { inputs, labels, count };
  };
  return { train: make(10_000), validation: make(2000), shape: [1, length] };
}

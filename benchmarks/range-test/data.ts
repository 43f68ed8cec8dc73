import { cifar10, type Dataset, type LabelledImages, mnist, random } from '@clr/datasets';

/** The name of a data set. */
export type DataName = 'mnist' | 'cifar' | 'tabular' | 'sequence' | 'waves';

/** Examples of a data set: `inputs` holds `count` examples, one after another. */
export interface Examples {
  readonly inputs: Float32Array | BigInt64Array;
  readonly labels: Uint8Array;
  readonly count: number;
}

/** A small classification problem. */
export interface Problem {
  readonly train: Examples;
  readonly validation: Examples;
  /** The shape of one example. */
  readonly shape: readonly number[];
}

const loaded = new Map<DataName, Promise<Problem>>();

/**
 * Loads or makes a problem. It is the same in every process, and kept in memory, because decoding CIFAR-10 takes
 * seconds.
 */
export function loadProblem(name: DataName): Promise<Problem> {
  const problem = loaded.get(name) ?? make(name);
  loaded.set(name, problem);
  return problem;
}

async function make(name: DataName): Promise<Problem> {
  switch (name) {
    case 'mnist':
      return firstImages(await mnist(), 1);
    case 'cifar':
      return firstImages(await cifar10(), 2);
    case 'tabular':
      return problem(tabular([20_000, 2000]), [20]);
    case 'sequence':
      return problem(sequence([10_000, 2000]), [16]);
    case 'waves':
      return problem(waves([10_000, 2000]), [1, 64]);
  }
}

const problem = ([train, validation]: readonly Examples[], shape: readonly number[]): Problem => ({
  train: train!,
  validation: validation!,
  shape,
});

/** The first 10,000 training images and the first 2,000 test images. */
function firstImages(data: Dataset, by: number): Problem {
  const [channels, height, width] = data.shape;
  return problem(
    [smallImages(data, data.train, by, 0, 10_000), smallImages(data, data.test, by, 0, 2000)],
    [channels, height / by, width / by],
  );
}

/** Images `from` … `to` of a split, normalised and reduced to the means of `by` × `by` pixels. */
export function smallImages(
  { shape: [channels, height, width], mean, std }: Dataset,
  split: LabelledImages,
  by: number,
  from: number,
  to: number,
): Examples {
  const [rows, columns] = [height / by, width / by];
  const inputs = new Float32Array((to - from) * channels * rows * columns);
  for (let plane = 0; plane < (to - from) * channels; plane++) {
    const scale = 1 / (255 * by * by * std[plane % channels]!);
    const source = (from * channels + plane) * height * width;
    const target = plane * rows * columns;
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const cell = Math.floor(row / by) * columns + Math.floor(column / by);
        inputs[target + cell]! += split.images[source + row * width + column]! * scale;
      }
    }
    const shift = mean[plane % channels]! / std[plane % channels]!;
    for (let i = target; i < target + rows * columns; i++) inputs[i]! -= shift;
  }
  return { inputs, labels: split.labels.subarray(from, to), count: to - from };
}

/** Makes numbers of the standard normal distribution. */
export const normalFrom = (next: () => number) => (): number =>
  Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());

/**
 * Examples of twenty numbers from a normal distribution, and six classes. The class is the largest output of a random
 * net with one hidden layer. One label in ten (`noise`) is random.
 */
export function tabular(counts: readonly number[], noise = 0.1): Examples[] {
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
      labels[i] = next() < noise ? Math.floor(next() * classes) : scores.indexOf(Math.max(...scores));
    }
    return { inputs, labels, count };
  };
  return counts.map(make);
}

/**
 * Sequences of sixteen tokens of a vocabulary of twelve. Each token has a weight that varies in waves with its
 * position. The class is the token whose weights have the largest sum. A net must learn both tokens and positions.
 */
export function sequence(counts: readonly number[]): Examples[] {
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
  return counts.map(make);
}

/**
 * Waves of sixty-four samples with 2 to 6 periods, any phase, and `noise`. The class is one of six shapes: sine,
 * square, sawtooth, a rising chirp, a fading sine, and two sines together.
 */
export function waves(counts: readonly number[], noise = 0.6): Examples[] {
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
        inputs[i * length + k] = forms[of]!(k / length + phase, periods) + noise * normal();
      labels[i] = of;
    }
    return { inputs, labels, count };
  };
  return counts.map(make);
}

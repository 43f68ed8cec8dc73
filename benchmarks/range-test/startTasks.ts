import { readFile } from 'node:fs/promises';
import { adam, type Optimizer, sgd } from '@clr/core';
import { random, shuffledIndices } from '@clr/datasets';
import { type Batch, createTrainer, type Loss, type OnnxTrainer } from '@clr/onnx';
import * as ort from 'onnxruntime-node';
import { type DataName, type Examples, loadProblem, type Problem } from './data.ts';

/** Class indices, or rows of `width` numbers. The numbers are values, or shares of classes. */
type Target = { readonly classes: Uint8Array } | { readonly rows: Float32Array; readonly width: number };

interface Part {
  readonly inputs: Float32Array;
  readonly target: Target;
  readonly count: number;
}

/** A training run from a certain start, such as unscaled inputs or large initial weights. */
export interface Start {
  readonly name: string;
  /**
   * `'high'`: the loss starts far above that of a constant answer. `'hopeless'`: there is nothing to learn, or the
   * model cannot learn it.
   */
  readonly kind: 'high' | 'ordinary' | 'hopeless';
  readonly data: DataName;
  readonly net: string;
  readonly optimizer: Optimizer;
  readonly batch: number;
  readonly loss?: Extract<Loss, string>;
  readonly inputs?: (value: number, index: number) => number;
  /** Replaces the class labels. */
  readonly target?: (examples: Examples) => Target;
  /** The number of training examples. Default: all. */
  readonly examples?: number;
  /** Multiplies the initial weights. */
  readonly weights?: number;
  /** The number of steps for which the model is trained on the original labels before the run. */
  readonly pretrained?: number;
}

const momentum = sgd({ momentum: 0.9 });
const tabular = { data: 'tabular', net: 'tabular-mlp', batch: 32 } as const;
const digits = { data: 'mnist', net: 'mnist-mlp', batch: 32 } as const;
const pixels = (value: number): number => value * 78.6 + 33.3;
/** Unscaled table columns with widths from 0.1 to 10,000, not centred on 0. */
const columns = (value: number, index: number): number => 10 ** ((index % 6) - 1) * (value + 2);
const nextClass = ({ labels }: Examples): Target => {
  const classes = Math.max(...labels) + 1;
  return { classes: labels.map((label) => (label + 1) % classes) };
};

/** Six targets, each a nonlinear function of the inputs plus noise, with the given mean and spread. */
const numbers =
  (mean: number, spread: number) =>
  ({ inputs, count }: Examples): Target => {
    const width = 6;
    const features = inputs.length / count;
    const next = random(5);
    const weight = Float32Array.from({ length: features * width }, () => 2 * next() - 1);
    const noise = random(Number(Math.abs(Number(inputs[0]!) * 1e6).toFixed(0)));
    const rows = Float32Array.from({ length: count * width }, (_, at) => {
      const [row, of] = [Math.floor(at / width), at % width];
      let sum = 0;
      for (let k = 0; k < features; k++)
        sum += weight[of * features + k]! * Number(inputs[row * features + k]!);
      return mean + spread * (Math.tanh(sum / 2) + 0.1 * sum + 0.3 * (noise() + noise() - 1));
    });
    return { rows, width };
  };

const smoothed = ({ labels, count }: Examples): Target => {
  const width = Math.max(...labels) + 1;
  const rows = new Float32Array(count * width).fill(0.1 / width);
  for (const [row, label] of labels.entries()) rows[row * width + label]! += 0.9;
  return { rows, width };
};

const randomLabels = ({ labels }: Examples): Target => {
  const [next, classes] = [random(7), Math.max(...labels) + 1];
  return { classes: labels.map(() => Math.floor(next() * classes)) };
};

const high: readonly Omit<Start, 'kind'>[] = [
  { name: 'pixels 0 to 255, momentum', ...digits, optimizer: momentum, inputs: pixels },
  { name: 'pixels 0 to 255, adam', ...digits, optimizer: adam(), inputs: pixels },
  {
    name: 'prices in thousands, momentum',
    ...tabular,
    optimizer: momentum,
    loss: 'mse',
    target: numbers(200, 80),
  },
  { name: 'prices in thousands, adam', ...tabular, optimizer: adam(), loss: 'mse', target: numbers(200, 80) },
  { name: 'prices, adam', ...tabular, optimizer: adam(), loss: 'mse', target: numbers(200_000, 80_000) },
  { name: 'old head, momentum', ...digits, optimizer: momentum, target: nextClass, pretrained: 1000 },
  { name: 'old head, adam', ...digits, optimizer: adam(), target: nextClass, pretrained: 1000 },
  { name: 'weights x 10, momentum', ...tabular, optimizer: momentum, weights: 10 },
  { name: 'weights x 10, adam', ...tabular, optimizer: adam(), weights: 10 },
  { name: 'weights x 30, momentum', ...tabular, optimizer: momentum, weights: 30 },
  { name: 'weights x 30, sgd', ...digits, optimizer: sgd(), weights: 30 },
  { name: 'mixed columns, momentum', ...tabular, optimizer: momentum, inputs: columns },
  { name: 'mixed columns, adam', ...tabular, optimizer: adam(), inputs: columns },
];

const ordinary: readonly Omit<Start, 'kind'>[] = [
  { name: 'tabular, sgd', ...tabular, optimizer: sgd() },
  { name: 'tabular, momentum', ...tabular, optimizer: momentum },
  { name: 'tabular, adam', ...tabular, optimizer: adam() },
  { name: 'tabular tanh, momentum', ...tabular, net: 'tabular-tanh', optimizer: momentum },
  { name: 'tabular tanh, adam', ...tabular, net: 'tabular-tanh', optimizer: adam() },
  { name: 'deep, adam', ...tabular, net: 'deep', optimizer: adam() },
  { name: 'deep, momentum', ...tabular, net: 'deep', optimizer: momentum },
  { name: 'digits, sgd', ...digits, optimizer: sgd() },
  { name: 'digits, momentum', ...digits, optimizer: momentum },
  { name: 'digits, adam', ...digits, optimizer: adam() },
  { name: 'layer norm, adam', ...digits, net: 'layer-norm', optimizer: adam() },
  { name: 'layer norm, momentum', ...digits, net: 'layer-norm', optimizer: momentum },
  { name: 'label smoothing, adam', ...digits, optimizer: adam(), target: smoothed },
  { name: 'label smoothing, momentum', ...digits, optimizer: momentum, target: smoothed },
  { name: 'numbers around 0, momentum', ...tabular, optimizer: momentum, loss: 'mse', target: numbers(0, 1) },
  { name: 'numbers around 0, adam', ...tabular, optimizer: adam(), loss: 'mse', target: numbers(0, 1) },
  { name: 'weights x 2, momentum', ...tabular, optimizer: momentum, weights: 2 },
];

const hopeless: readonly Omit<Start, 'kind'>[] = [
  { name: 'random labels, momentum', ...tabular, optimizer: momentum, target: randomLabels },
  {
    name: 'random labels, weights x 5, momentum',
    ...tabular,
    optimizer: momentum,
    target: randomLabels,
    weights: 5,
  },
  {
    name: 'random labels, weights x 10, adam',
    ...tabular,
    optimizer: adam(),
    target: randomLabels,
    weights: 10,
  },
  {
    name: 'random labels, weights x 10, sgd',
    ...digits,
    optimizer: sgd(),
    target: randomLabels,
    weights: 10,
  },
  { name: 'weights of 0, momentum', ...tabular, optimizer: momentum, weights: 0 },
  { name: 'weights of 0, adam', ...digits, optimizer: adam(), weights: 0 },
  { name: 'memorised examples, momentum', ...tabular, optimizer: momentum, examples: 256, pretrained: 3000 },
  {
    name: 'one NaN, momentum',
    ...tabular,
    optimizer: momentum,
    inputs: (value, index) => (index === 2000 ? Number.NaN : value),
  },
  {
    name: 'one NaN early, adam',
    ...tabular,
    optimizer: adam(),
    examples: 640,
    inputs: (value, index) => (index === 2000 ? Number.NaN : value),
  },
  { name: 'batches of 1, momentum', ...tabular, optimizer: momentum, batch: 1 },
  { name: 'batches of 1, adam', ...digits, optimizer: adam(), batch: 1 },
];

export const starts: readonly Start[] = [
  ...high.map((one) => ({ ...one, kind: 'high' as const })),
  ...ordinary.map((one) => ({ ...one, kind: 'ordinary' as const })),
  ...hopeless.map((one) => ({ ...one, kind: 'hopeless' as const })),
];

/** A start with one seed's weights, ready to train. */
export interface StartTask {
  readonly trainer: OnnxTrainer;
  /** One pass over the training examples, in an order that the epoch decides. */
  readonly batches: (epoch: number) => Generator<Batch>;
  readonly validation: readonly Batch[];
  /** The model's score on the validation data in percent: accuracy, or the share of variance explained. */
  score(): Promise<number>;
}

export async function createStart(start: Start, seed: number): Promise<StartTask> {
  const problem = await loadProblem(start.data);
  const model = new Uint8Array(
    await readFile(new URL(`./models/${start.net}-${seed}.onnx`, import.meta.url)),
  );
  const trainer = await createTrainer(ort, model, {
    loss: start.loss ?? 'crossEntropy',
    optimizer: start.optimizer,
    session: { intraOpNumThreads: 1, interOpNumThreads: 1 },
  });
  const target = start.target ?? (({ labels }: Examples): Target => ({ classes: labels }));
  const prepared = (examples: Examples, of: typeof target, change = start.inputs): Part => {
    const inputs = examples.inputs as Float32Array;
    return { inputs: change ? inputs.map(change) : inputs, target: of(examples), count: examples.count };
  };
  const epochs = (part: Part, count = part.count) =>
    function* (epoch: number) {
      const indices = shuffledIndices(count, 1000 * seed + epoch);
      for (let from = 0; from + start.batch <= count; from += start.batch)
        yield toBatch(part, problem, indices.subarray(from, from + start.batch));
    };

  if (start.pretrained) {
    const before = epochs(
      prepared(problem.train, ({ labels }) => ({ classes: labels }), undefined),
      start.examples,
    );
    const rate = start.optimizer.type === 'sgd' ? 0.02 : 0.002;
    let step = 0;
    for (let epoch = 100; step < start.pretrained; epoch++) {
      for (const batch of before(epoch)) {
        if (step++ >= start.pretrained) break;
        await trainer.trainStep(batch, { lr: rate * (1 - step / (start.pretrained + 1)) });
      }
    }
  }
  if (start.weights !== undefined) {
    const snapshot = await trainer.snapshot();
    for (const { role, input, parts } of snapshot.layout) {
      if (role !== 'parameters') continue;
      for (const { dims, offset } of parts) {
        const end = offset + dims.reduce((product, dim) => product * dim, 1);
        for (let i = offset; i < end; i++) snapshot.state[input]![i]! *= start.weights;
      }
    }
    await trainer.restore(snapshot);
  }
  const train = prepared(problem.train, target);
  const held = prepared(problem.validation, target);
  const validation = Array.from({ length: held.count / 250 }, (_, i) =>
    toBatch(
      held,
      problem,
      Uint32Array.from({ length: 250 }, (_, k) => 250 * i + k),
    ),
  );
  const constant = (await trainer.constantAnswer!(validation))!;
  return {
    trainer,
    batches: epochs(train, start.examples),
    validation,
    async score() {
      const { loss, accuracy } = await trainer.evaluate(validation);
      const score = 100 * (accuracy ?? 1 - loss / constant.loss);
      return Number.isFinite(score) ? Math.max(-100, score) : -100;
    },
  };
}

function toBatch({ inputs, target }: Part, { shape }: Problem, indices: Uint32Array): Batch {
  const rows = (from: Float32Array, size: number): Float32Array => {
    const to = new Float32Array(indices.length * size);
    indices.forEach((index, i) => {
      to.set(from.subarray(index * size, (index + 1) * size), i * size);
    });
    return to;
  };
  const size = shape.reduce((product, dim) => product * dim, 1);
  return {
    input: new ort.Tensor('float32', rows(inputs, size), [indices.length, ...shape]),
    target:
      'classes' in target
        ? new ort.Tensor(
            'int64',
            BigInt64Array.from(indices, (index) => BigInt(target.classes[index]!)),
            [indices.length],
          )
        : new ort.Tensor('float32', rows(target.rows, target.width), [indices.length, target.width]),
  };
}

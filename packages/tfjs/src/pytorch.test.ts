/** Compares tfjs with PyTorch for the optimizers that both define in the same way. */
import { parsePolicy, type Trainable, toSchedule } from '@clr/core';
import convnets from '@clr/tooling/oracle/convnets.json' with { type: 'json' };
import optimizers from '@clr/tooling/oracle/optimizers.json' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { backend, tf } from '../test/tf.ts';
import { createTrainable } from './createTrainable.ts';
import golden from './golden/trajectories.json' with { type: 'json' };

interface Run {
  readonly problem: string;
  readonly optimizer: string;
  readonly lr: number[];
  /** The momentum of each step, if it is cycled. */
  readonly momentum?: number[];
  readonly loss: number[];
  /** After the last step. */
  readonly parameters: Readonly<Record<string, number[]>>;
}

interface Hyper {
  readonly lr: number;
  readonly momentum?: number;
}

/** Takes steps with the given hyperparameters. Returns the loss before each step. */
async function follow<Batch>(
  trainable: Trainable<Batch>,
  batches: Batch[],
  hypers: Hyper[],
): Promise<number[]> {
  const losses: number[] = [];
  for (const [step, hyper] of hypers.entries()) {
    const { loss } = await trainable.trainStep(batches[step % batches.length]!, hyper);
    losses.push(await loss);
  }
  return losses;
}

// SwiftShader is slow.
const slow = backend === 'webgl' || backend === 'webgpu';

function expectClose(actual: ArrayLike<number>, expected: readonly number[], tolerance = 1e-5): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, index) => {
    const difference = Math.abs(actual[index]! - value) / Math.max(1, Math.abs(value));
    expect(difference, `value ${index}: ${actual[index]} and ${value}`).toBeLessThan(tolerance);
  });
}

const make: Record<string, () => tf.Optimizer> = {
  sgd: () => tf.train.sgd(1),
  momentum: () => tf.train.momentum(1, 0.9),
  nesterov: () => tf.train.momentum(1, 0.9, true),
  adam: () => tf.train.adam(1, 0.9, 0.999, 1e-8),
  adamax: () => tf.train.adamax(1, 0.9, 0.999, 1e-8),
};

describe.each(golden.runs)(`PyTorch's $optimizer, momentum cycled: $cycled, on ${backend}`, (run) => {
  it('gives the same weights as in tfjs', async () => {
    const weight = tf.variable(tf.tensor1d(golden.w0));
    const [a, c] = [tf.tensor1d(golden.a), tf.tensor1d(golden.c)];
    const trainable = createTrainable(tf, {
      optimizer: make[run.optimizer]!(),
      variables: [weight],
      loss: () => a.mul(weight.sub(c).square()).sum().mul(0.5),
    });
    const schedule = toSchedule(
      parsePolicy({ ...golden.policy, ...(run.cycled && { momentum: golden.momentum }) }),
    );
    for (const [step, expected] of run.weights.entries()) {
      const momentum = schedule.momentum(step);
      await trainable.trainStep({}, { lr: schedule.lr(step), ...(momentum !== undefined && { momentum }) });
      expectClose(await weight.data(), expected);
    }
  });
});

describe(`PyTorch's trajectories on ${backend}`, () => {
  const { problems } = optimizers;
  const same: Record<string, () => tf.Optimizer> = {
    sgd: make.sgd!,
    'sgd_momentum0.9': make.momentum!,
    'sgd_momentum0.9_cycled': make.momentum!,
    'sgd_nesterov0.9': make.nesterov!,
    sgd_nesterov_cycled: make.nesterov!,
    adam: make.adam!,
    'adam_betas0.8_0.95_eps1e-6': () => tf.train.adam(1, 0.8, 0.95, 1e-6),
  };
  const hypersOf = ({ lr, momentum }: Pick<Run, 'lr' | 'momentum'>): Hyper[] =>
    lr.map((rate, step) => (momentum ? { lr: rate, momentum: momentum[step]! } : { lr: rate }));
  const comparable = (optimizers.runs as unknown as readonly Run[]).filter(
    ({ optimizer }) => optimizer in same,
  );

  it('cover the optimizers that tfjs also has', () => {
    expect(comparable.length).toBe(14);
  });

  it.each(comparable.filter(({ problem }) => problem === 'quadratic'))(
    'hold for a quadratic: $optimizer',
    async (run) => {
      const { A, c, w0 } = problems.quadratic;
      const weight = tf.variable(tf.tensor2d(w0, [w0.length, 1]));
      const [matrix, centre] = [tf.tensor2d(A), tf.tensor2d(c, [c.length, 1])];
      const loss = () => {
        const d = weight.sub(centre);
        return d.mul(matrix.matMul(d)).sum().mul(0.5);
      };
      const trainable = createTrainable(tf, { optimizer: same[run.optimizer]!(), variables: [weight], loss });
      expectClose(await follow(trainable, [{}], hypersOf(run)), run.loss);
      expectClose(await weight.data(), run.parameters.w!);
    },
  );

  const mlps = comparable.filter(({ problem }) => problem === 'mlp');
  const few = mlps.filter(({ optimizer }) => optimizer === 'sgd_nesterov_cycled');
  it.each(slow ? few : mlps)('hold for an MLP as a LayersModel: $optimizer', async (run) => {
    const { X, Y, init } = problems.mlp;
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 8, inputShape: [5], activation: 'tanh' }),
        tf.layers.dense({ units: 4 }),
      ],
    });
    const loss = (labels: tf.Tensor, logits: tf.Tensor) => tf.losses.softmaxCrossEntropy(labels, logits);
    model.compile({ optimizer: same[run.optimizer]!(), loss });
    // A fourth class with probability 0 makes the number of classes even, because the packed matrix product of tfjs
    // 4.22 on WebGL wrongly includes padding if the inner dimension is odd, with or without clr. PyTorch stores weights
    // as [outputs, inputs].
    const transposed = (rows: number, data: number[]) =>
      tf.tensor2d(data, [rows, data.length / rows]).transpose();
    model.setWeights([
      transposed(8, init.w1.data),
      tf.tensor1d(init.b1.data),
      transposed(4, [...init.w2.data, 0, 0, 0, 0, 0, 0, 0, 0]),
      tf.tensor1d([...init.b2.data, -1e4]),
    ]);
    const batch = { xs: tf.tensor2d(X), ys: tf.oneHot(tf.tensor1d(Y, 'int32'), 4) };
    expectClose(await follow(createTrainable(tf, model), [batch], hypersOf(run)), run.loss);
    const after = run.parameters;
    const [w1, b1, w2, b2] = model.getWeights();
    expectClose(await w1!.transpose().data(), after.w1!);
    expectClose(await b1!.data(), after.b1!);
    expectClose((await w2!.transpose().data()).slice(0, 24), after.w2!);
    expectClose((await b2!.data()).slice(0, 3), after.b2!);
  });

  // The wasm backend has no gradients of convolutions.
  const nets = convnets.nets.filter(({ net }) => net === 'B' || !slow);
  it.skipIf(backend === 'wasm').each(nets)('hold for a Core-API convnet: $net', async (file) => {
    const { net, size, images, labels, batches, init } = file;
    const run = file.runs.find(({ cycledMomentum }) => cycledMomentum)!;
    const variables = Object.fromEntries(
      Object.entries(init).map(([key, { shape, data }]) => [key, tf.variable(layout(shape, data))]),
    );
    const of = (key: string) => variables[key] as tf.Variable;
    const forward = (x: tf.Tensor4D): tf.Tensor2D => {
      const conv = (input: tf.Tensor4D, layer: string) =>
        tf
          .conv2d(input, of(`${layer}.weight`) as unknown as tf.Tensor4D, 1, 'same')
          .add(of(`${layer}.bias`)) as tf.Tensor4D;
      const first = conv(x, 'conv1').maxPool(3, 2, 'valid').relu() as tf.Tensor4D;
      const second = conv(first, 'conv2');
      const features =
        net === 'A'
          ? (second.avgPool(3, 2, 'valid').transpose([0, 3, 1, 2]).reshape([-1, 72]) as tf.Tensor2D)
          : (second.relu().mean([1, 2]) as tf.Tensor2D);
      return features.matMul(of('fc.weight') as unknown as tf.Tensor2D).add(of('fc.bias'));
    };
    // An image is a string with two hexadecimal digits per pixel.
    const pixels = images.flatMap((text) => text.match(/../g)!.map((pixel) => Number.parseInt(pixel, 16)));
    const all = tf.tensor4d(
      pixels.map((pixel) => (pixel - 128) / 64),
      [64, size, size, 1],
    );
    const trainable = createTrainable(tf, {
      optimizer: tf.train.momentum(1, 0.9),
      variables: Object.values(variables),
      loss: (rows: number[]) => {
        const at = tf.tensor1d(rows, 'int32');
        const classes = tf.oneHot(
          tf.tensor1d(
            rows.map((row) => labels[row]!),
            'int32',
          ),
          10,
        );
        return tf.losses.softmaxCrossEntropy(classes, forward(all.gather(at)));
      },
    });
    expectClose(await follow(trainable, batches, hypersOf(run)), run.loss);
    for (const [key, { shape }] of Object.entries(init)) {
      const expected = layout(shape, run.parameters[key as keyof typeof run.parameters]);
      expectClose(await of(key).data(), [...(await expected.data())]);
    }
  });
});

// PyTorch gives the gradient to the first.
it(`a max pool on ${backend} gives the gradient to the first of equal maxima on cpu, else to the last`, async () => {
  const slope = tf.grad((x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid'));
  const taken = await slope(tf.ones([1, 2, 2, 1])).data();
  expect([...taken]).toEqual(backend === 'cpu' ? [1, 0, 0, 0] : [0, 0, 0, 1]);
});

/** Puts PyTorch's [out, in, h, w] or [out, in] into tfjs's order. */
function layout(shape: number[], data: number[]): tf.Tensor {
  const tensor = tf.tensor(data, shape);
  return shape.length === 4
    ? tensor.transpose([2, 3, 1, 0])
    : shape.length === 2
      ? tensor.transpose()
      : tensor;
}

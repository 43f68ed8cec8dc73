import { ClrError, rangeTest, type Trainable, train, triangular } from '@clr/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backend, tf } from '../test/tf.ts';
import { createTrainable } from './createTrainable.ts';
import { cyclicLR } from './cyclicLR.ts';
import { disposeOptimizer } from './disposeOptimizer.ts';
import type { LayersBatch } from './layersTrainable.ts';

const batch = { xs: Float32Array.of(1, 2), ys: Float32Array.of(3) };
const loss = 'meanSquaredError';
const policy = triangular({ baseLr: 0.01, maxLr: 0.05, stepSize: 3 });
let count = 0;

/** The model y = a·x₀ + b·x₁, whose weights start at 0. */
function linear(functional: boolean): tf.LayersModel {
  const layer = tf.layers.dense({ units: 1, useBias: false, kernelInitializer: 'zeros', inputShape: [2] });
  if (!functional) return tf.sequential({ layers: [layer] });
  const input = tf.input({ shape: [2] });
  return tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
}

const weights = async (model: tf.LayersModel) => [...(await model.getWeights()[0]!.data())];
/** Takes a step and waits for its loss. */
const step = async (trainable: Trainable<LayersBatch>, lr = 0.01, on: LayersBatch = batch) =>
  await (await trainable.trainStep(on, { lr })).loss;
/** The output is 0 and the target 3, so a step of plain SGD moves the weights by lr · 6 · x. */
const afterStep = (lr: number) => [Math.fround(lr * 6), Math.fround(lr * 12)];
const near = (values: readonly number[], wanted: readonly number[]) => {
  for (const [index, value] of wanted.entries()) expect(values[index]).toBeCloseTo(value, 4);
};

describe.each([
  ['a Sequential', false],
  ['a functional model', true],
])(`a Trainable of %s on ${backend} reads its model again at each step`, (_, functional) => {
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('uses the given rate after compile() gave the model another optimizer', async () => {
    const model = linear(functional);
    model.compile({ optimizer: tf.train.sgd(0.5), loss });
    const trainable = createTrainable(tf, model);
    model.compile({ optimizer: tf.train.sgd(100), loss });
    await step(trainable);
    near(await weights(model), afterStep(0.01));
    expect(model.optimizer.iterations).toBe(1);
  });

  it('uses the given rate after model.optimizer was assigned', async () => {
    const model = linear(functional);
    model.compile({ optimizer: tf.train.sgd(0.5), loss });
    const trainable = createTrainable(tf, model);
    model.optimizer = tf.train.momentum(100, 0.9);
    expect(trainable.updateKind).toBe('momentum');
    await step(trainable);
    near(await weights(model), afterStep(0.01));
  });

  it('uses the loss of the last compile()', async () => {
    const model = linear(functional);
    model.compile({ optimizer: 'sgd', loss });
    const trainable = createTrainable(tf, model);
    model.compile({ optimizer: 'sgd', loss: 'meanAbsoluteError' });
    expect(await step(trainable)).toBeCloseTo(3, 5);
    near(await weights(model), [0.01, 0.02]);
  });

  it('restores the model after a range test of the new optimizer', async () => {
    const model = linear(functional);
    model.compile({ optimizer: tf.train.sgd(0.5), loss });
    const trainable = createTrainable(tf, model);
    model.compile({ optimizer: tf.train.adam(0.5), loss });
    const { points } = await rangeTest(trainable, [batch], { startLr: 1e-3, endLr: 1, steps: 10 });
    expect(points.at(-1)!.loss).toBeLessThan(points[0]!.loss!);
    expect(await weights(model)).toEqual([0, 0]);
    expect(model.optimizer.iterations).toBe(0);
  });

  it('refuses a snapshot from before compile() with another optimizer', async () => {
    const model = linear(functional);
    model.compile({ optimizer: tf.train.momentum(0.1, 0.9), loss });
    const trainable = createTrainable(tf, model);
    await step(trainable);
    const snapshot = await trainable.snapshot();
    model.compile({ optimizer: tf.train.adam(0.1), loss });
    await expect(trainable.restore(snapshot)).rejects.toThrow(/is Momentum, and the model's Adam/);
    near(await weights(model), afterStep(0.01));
  });

  it('refuses a step if a layer was frozen or thawed since compile()', async () => {
    const model = linear(functional);
    model.compile({ optimizer: 'sgd', loss });
    const trainable = createTrainable(tf, model);
    model.layers.at(-1)!.trainable = false;
    expect(() => trainable.trainStep(batch, { lr: 0.01 })).toThrow(
      /kernel.*frozen since[\s\S]*compile\(\) again/,
    );
    expect(await weights(model)).toEqual([0, 0]);
    expect((await trainable.evaluate([batch])).loss).toBe(9);
    model.layers.at(-1)!.trainable = true;
    await step(trainable);
    near(await weights(model), afterStep(0.01));
  });

  it('refuses a step and a snapshot after the weights were disposed', async () => {
    const model = linear(functional);
    model.compile({ optimizer: 'sgd', loss });
    const trainable = createTrainable(tf, model);
    for (const { weights } of model.layers) for (const weight of weights) weight.read().dispose();
    expect(() => trainable.trainStep(batch, { lr: 0.01 })).toThrow(/kernel.*which was disposed/);
    await expect(trainable.snapshot()).rejects.toThrow('which was disposed');
  });

  it('refuses an optimizer that holds the state of another model', async () => {
    const optimizer = tf.train.momentum(0.1, 0.9);
    const [one, two] = [linear(functional), linear(functional)];
    for (const model of [one, two]) model.compile({ optimizer, loss });
    await step(createTrainable(tf, one));
    const other = createTrainable(tf, two);
    expect(() => other.trainStep(batch, { lr: 0.01 })).toThrow('an optimizer of its own');
    expect(await weights(two)).toEqual([0, 0]);
  });

  it('allows two dispose() calls at once, and refuses later calls', async () => {
    const model = linear(functional);
    model.compile({ optimizer: 'sgd', loss });
    const trainable = createTrainable(tf, model);
    const tensors = tf.memory().numTensors;
    const snapshot = await trainable.snapshot();
    const { loss: late } = trainable.trainStep(batch, { lr: 0.01 }) as { loss: Promise<number> };
    await Promise.all([trainable.dispose(), trainable.dispose()]);
    expect(await late).toBe(9);
    expect(() => trainable.trainStep(batch, { lr: 0.01 })).toThrow(ClrError);
    for (const call of [trainable.snapshot(), trainable.restore(snapshot), trainable.evaluate([batch])]) {
      await expect(call).rejects.toThrow('a call after dispose()');
    }
    near(await weights(model), afterStep(0.01));
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('takes a snapshot of the state at the time of the call, and restores it after earlier steps', async () => {
    const model = linear(functional);
    model.compile({ optimizer: tf.train.momentum(0.1, 0.9), loss });
    const trainable = createTrainable(tf, model);
    const taking = trainable.snapshot();
    const early = trainable.trainStep(batch, { lr: 0.01 });
    const putting = trainable.restore(await taking);
    await step(trainable);
    await putting;
    expect(await (await early).loss).toBe(9);
    near(await weights(model), afterStep(0.01));
  });

  it('cyclicLR sets the rate of the new optimizer when another callback swaps the optimizer', async () => {
    const model = linear(functional);
    model.compile({ optimizer: tf.train.sgd(0.5), loss });
    const second = tf.train.sgd(100);
    const callbacks = [
      { onEpochBegin: (epoch: number) => void (epoch === 1 && Object.assign(model, { optimizer: second })) },
      cyclicLR(policy),
    ] as unknown as tf.CustomCallbackArgs[];
    const [xs, ys] = [tf.tensor2d(batch.xs, [1, 2]), tf.tensor2d(batch.ys, [1, 1])];
    await model.fit(xs, ys, { epochs: 2, callbacks });
    expect(second.iterations).toBe(1);
    const beside = linear(functional);
    beside.compile({ optimizer: tf.train.sgd(0.5), loss });
    await train(createTrainable(tf, beside), [batch], { policy, steps: 2 });
    near(await weights(model), await weights(beside));
  });
});

describe(`constraints on ${backend}`, () => {
  it('tfjs-constraints: they hold after each step, although fit of tfjs does not apply them', async () => {
    const make = (constraint: 'nonNeg' | 'unitNorm' | 'maxNorm') => {
      const model = tf.sequential({
        layers: [
          tf.layers.dense({
            units: 1,
            useBias: false,
            inputShape: [2],
            kernelInitializer: 'ones',
            kernelConstraint: constraint,
            name: `constrained_${count++}`,
          }),
        ],
      });
      model.compile({ optimizer: tf.train.sgd(1), loss });
      return model;
    };
    // With weights of 1 the output is 3. A step of 0.5 towards −9 gives 1 − 12 and 1 − 24.
    const down: LayersBatch = { xs: batch.xs, ys: Float32Array.of(-9) };
    const [ours, theirs] = [make('nonNeg'), make('nonNeg')];
    await step(createTrainable(tf, ours), 0.5, down);
    near(await weights(ours), [0, 0]);
    await theirs.fit(tf.tensor2d(batch.xs, [1, 2]), tf.tensor2d([-9], [1, 1]), {
      callbacks: cyclicLR(() => 0.5),
    });
    near(await weights(theirs), [-11, -23]);
    const unit = make('unitNorm');
    await step(createTrainable(tf, unit), 0.5, down);
    near(await weights(unit), [-11 / Math.hypot(11, 23), -23 / Math.hypot(11, 23)]);
    const most = make('maxNorm');
    await step(createTrainable(tf, most), 0.5, down);
    near(await weights(most), [-22 / Math.hypot(11, 23), -46 / Math.hypot(11, 23)]);
    for (const model of [ours, theirs, unit, most]) {
      disposeOptimizer(model.optimizer);
      model.dispose();
    }
  });
});

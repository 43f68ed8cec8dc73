import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backend, tf } from '../test/tf.ts';
import { createTrainable } from './createTrainable.ts';

/** A model whose output depends only on its biases, whatever the input. */
function constantModel(
  loss: string,
  activation: 'linear' | 'sigmoid' | 'softmax',
  biases: readonly number[],
  metrics: string[] = [],
) {
  const units = biases.length;
  const model = tf.sequential({ layers: [tf.layers.dense({ units, inputShape: [2], activation })] });
  model.layers[0]!.setWeights([tf.zeros([2, units]), tf.tensor1d([...biases])]);
  model.compile({ optimizer: tf.train.sgd(0.1), loss, metrics });
  return createTrainable(tf, model);
}

const logs = (shares: readonly number[]) => shares.map(Math.log);
const batchesOf = (ys: readonly (readonly number[])[]) =>
  ys.map((values) => ({ xs: new Float32Array(2 * values.length), ys: Float32Array.from(values) }));

describe(`constantAnswer on ${backend}`, () => {
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it.each([
    ['meanSquaredError', 'linear', [3], [[1, 2, 3], [6]], []],
    [
      'meanAbsoluteError',
      'linear',
      [2],
      [
        [1, 2, 2],
        [7, 1],
      ],
      [],
    ],
    ['binaryCrossentropy', 'sigmoid', [Math.log(3)], [[1, 1, 0], [1]], []],
    ['sparseCategoricalCrossentropy', 'softmax', logs([0.5, 0.25, 0.25]), [[0, 1, 0], [2]], ['accuracy']],
  ] as const)(
    '%s: equals the evaluation of a model with the best biases',
    async (loss, activation, biases, ys, metrics) => {
      const trainable = constantModel(loss, activation, biases, [...metrics]);
      const before = tf.memory().numTensors;
      const answer = await trainable.constantAnswer!(batchesOf(ys));
      expect(tf.memory().numTensors).toBe(before);
      const measured = await trainable.evaluate(batchesOf(ys));
      expect(answer!.loss).toBeCloseTo(measured.loss, 5);
      expect(answer!.accuracy ?? -1).toBeCloseTo(measured.accuracy ?? -1, 6);
    },
  );

  it('categoricalCrossentropy: equals the evaluation of such a model if targets are probabilities', async () => {
    const trainable = constantModel('categoricalCrossentropy', 'softmax', logs([0.65, 0.35]), ['accuracy']);
    const batch = { xs: new Float32Array(4), ys: tf.tensor2d([0.9, 0.1, 0.4, 0.6], [2, 2]) };
    const [answer, measured] = [await trainable.constantAnswer!([batch]), await trainable.evaluate([batch])];
    expect(answer!.loss).toBeCloseTo(measured.loss, 5);
    expect(answer!.accuracy ?? -1).toBeCloseTo(measured.accuracy ?? -1, 6);
  });

  it('is undefined for other losses', async () => {
    const trainable = constantModel('hinge', 'linear', [0]);
    expect(await trainable.constantAnswer!(batchesOf([[1, -1]]))).toBeUndefined();
  });
});

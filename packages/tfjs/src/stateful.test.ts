import { rangeTest, train, triangular } from '@clr/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backend, tf } from '../test/tf.ts';
import { createTrainable } from './createTrainable.ts';

const batches = [0, 1, 2].map((b) => ({
  xs: tf.keep(
    tf.tensor3d(
      Float32Array.from({ length: 8 }, (_, i) => Math.sin(b * 8 + i)),
      [2, 4, 1],
    ),
  ),
  ys: Float32Array.of(1 - b, b),
}));
const policy = triangular({ baseLr: 0.01, maxLr: 0.05, stepSize: 3 });
const options = { units: 3, stateful: true, kernelInitializer: 'glorotUniform' } as const;
const cells = () => [tf.layers.gruCell({ units: 2 }), tf.layers.simpleRNNCell({ units: 3 })];

const kinds: Record<string, () => tf.layers.Layer> = {
  lstm: () => tf.layers.lstm({ ...options, batchInputShape: [2, 4, 1] }),
  gru: () => tf.layers.gru({ ...options, batchInputShape: [2, 4, 1] }),
  simpleRNN: () => tf.layers.simpleRNN({ ...options, batchInputShape: [2, 4, 1] }),
  'stacked cells': () => tf.layers.rnn({ cell: cells(), stateful: true, batchInputShape: [2, 4, 1] }),
  bidirectional: () =>
    tf.layers.bidirectional({
      layer: tf.layers.gru({ ...options, batchInputShape: [2, 4, 1] }) as tf.RNN,
      mergeMode: 'concat',
      batchInputShape: [2, 4, 1],
    }),
  'layer in a nested model': () =>
    tf.sequential({ layers: [tf.layers.lstm({ ...options, batchInputShape: [2, 4, 1] })] }),
};

function build(
  layer: tf.layers.Layer,
  optimizer: tf.Optimizer = tf.train.momentum(0.1, 0.9),
): tf.LayersModel {
  const input = tf.input({ batchShape: [2, 4, 1] });
  const outputs = tf.layers.dense({ units: 1 }).apply(layer.apply(input)) as tf.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs });
  model.compile({ optimizer, loss: 'meanSquaredError' });
  return model;
}

/** The states of the recurrent layers at any depth, found by recursion because tfjs does not list them. */
async function statesOf(layer: tf.layers.Layer): Promise<number[]> {
  const inside = layer as unknown as {
    layers?: tf.layers.Layer[];
    forwardLayer?: tf.layers.Layer;
    backwardLayer?: tf.layers.Layer;
    states_?: tf.Tensor[];
  };
  const inner =
    inside.layers ?? [inside.forwardLayer, inside.backwardLayer].filter((one) => one !== undefined);
  const [nested, own] = [
    await Promise.all(inner.map(statesOf)),
    await Promise.all((inside.states_ ?? []).map((state) => state.data())),
  ];
  return [...nested.flat(), ...own.flatMap((values) => [...values])];
}

describe.each(Object.entries(kinds))(`the states of a stateful %s on ${backend}`, (_, make) => {
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('are unchanged after a range test, and so is the evaluation', async () => {
    const layer = make();
    const trainable = createTrainable(tf, build(layer));
    await train(trainable, batches, { policy, steps: 4 });
    const [before, state] = [await statesOf(layer), await trainable.snapshot()];
    const { loss } = await trainable.evaluate(batches);
    const tensors = tf.memory().numTensors;
    expect(before.some((value) => value !== 0)).toBe(true);
    await rangeTest(trainable, batches, { startLr: 1e-4, endLr: 1, steps: 12 });
    expect(await statesOf(layer)).toEqual(before);
    expect(await trainable.snapshot()).toEqual(state);
    expect((await trainable.evaluate(batches)).loss).toBe(loss);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('are restored so that a run resumes bit for bit, also from storage and in another instance', async () => {
    const trainable = createTrainable(tf, build(make()));
    await train(trainable, batches, { policy, steps: 4 });
    const snapshot = structuredClone(await trainable.snapshot());
    const go = async (on: typeof trainable) =>
      (await train(on, batches, { policy, steps: 9, from: { step: 4, snapshot } })).steps.map(
        ({ loss }) => loss,
      );
    const losses = await go(trainable);
    expect(await go(trainable)).toEqual(losses);
    expect(await go(createTrainable(tf, build(make())))).toEqual(losses);
  });

  it('do not change in an evaluation, a prediction or a failed step', async () => {
    const layer = make();
    const trainable = createTrainable(tf, build(layer));
    await train(trainable, batches, { policy, steps: 2 });
    const [before, tensors] = [await statesOf(layer), tf.memory().numTensors];
    await trainable.evaluate(batches);
    await trainable.predictBatch!(batches[0]!);
    expect(() => trainable.trainStep(batches[0]!, { lr: Number.NaN })).toThrow('lr');
    expect(await statesOf(layer)).toEqual(before);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('leak no tensor at any step', async () => {
    const trainable = createTrainable(tf, build(make()));
    await train(trainable, batches, { policy, steps: 1 });
    const tensors = tf.memory().numTensors;
    await train(trainable, batches, { policy, steps: 6 });
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('are required in a snapshot', async () => {
    const trainable = createTrainable(tf, build(make()));
    const snapshot = await trainable.snapshot();
    await expect(trainable.restore({ ...snapshot, states: [] })).rejects.toThrow(/state_0 is missing/);
  });
});

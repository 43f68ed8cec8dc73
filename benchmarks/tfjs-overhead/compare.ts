import { type Policy, triangular2 } from '@clr/core';
import { type CyclicLR, cyclicLR } from '@clr/tfjs';
import * as tf from '@tensorflow/tfjs';

const examples = 256;
const batchSize = 64;

export const nets: Record<string, { shape: number[]; layers: () => tf.layers.Layer[]; epochs: number }> = {
  dense: {
    shape: [784],
    layers: () => [tf.layers.dense({ units: 128, activation: 'relu', inputShape: [784] })],
    epochs: 3,
  },
  conv: {
    shape: [28, 28, 1],
    layers: () => [
      tf.layers.conv2d({
        filters: 8,
        kernelSize: 5,
        strides: 2,
        activation: 'relu',
        inputShape: [28, 28, 1],
      }),
      tf.layers.conv2d({ filters: 16, kernelSize: 3, strides: 2, activation: 'relu' }),
      tf.layers.flatten(),
    ],
    epochs: 1,
  },
};

/** Times in milliseconds. The two times of a pair were measured one right after the other. */
export interface Result {
  readonly pairs: { readonly without: number; readonly with: number }[];
  /** The time that the callback's own hooks take in a step. */
  readonly hooks: number;
  readonly steps: number;
}

// The rate and the momentum change at every step, which is the most work.
const policy: Policy = triangular2({
  baseLr: 1e-4,
  maxLr: 1e-3,
  stepSize: 20,
  momentum: { base: 0.85, max: 0.95 },
});

/**
 * Times `fit` with and without the callback, in pairs that alternate their order. `clock` returns milliseconds.
 */
export async function compare(
  name: string,
  backend: string,
  rounds: number,
  clock: () => number = () => performance.now(),
): Promise<Result> {
  if (!(await tf.setBackend(backend))) throw new Error(`The backend ${backend} is not available here.`);
  const { shape, layers, epochs } = nets[name]!;
  const model = tf.sequential({
    layers: [...layers(), tf.layers.dense({ units: 10, activation: 'softmax' })],
  });
  model.compile({ optimizer: tf.train.momentum(1e-4, 0.9), loss: 'categoricalCrossentropy' });
  const xs = tf.randomUniform([examples, ...shape], 0, 1, 'float32', 1);
  const ys = tf.oneHot(tf.range(0, examples, 1, 'int32').mod(tf.scalar(10, 'int32')), 10);
  const schedule = cyclicLR(policy);
  const fit = async (callbacks?: CyclicLR): Promise<number> => {
    const start = clock();
    await model.fit(xs, ys, {
      batchSize,
      epochs,
      shuffle: false,
      verbose: 0,
      ...(callbacks && { callbacks }),
    });
    // The device may still be working.
    await model.getWeights()[0]!.data();
    return clock() - start;
  };
  await fit();
  await fit(schedule);
  const pairs: { without: number; with: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const first =
      round % 2 === 0 ? [await fit(), await fit(schedule)] : [await fit(schedule), await fit()].reverse();
    pairs.push({ without: first[0]!, with: first[1]! });
  }
  return { pairs, hooks: await timeHooks(schedule, clock), steps: (epochs * examples) / batchSize };
}

async function timeHooks(schedule: CyclicLR, clock: () => number): Promise<number> {
  const count = 1000;
  const start = clock();
  for (let step = 0; step < count; step++) {
    await schedule.onBatchBegin(step);
    await schedule.onBatchEnd(step);
  }
  return (clock() - start) / count;
}

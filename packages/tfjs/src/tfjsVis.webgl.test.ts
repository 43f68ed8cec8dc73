/// <reference lib="dom" />
import { toSchedule, triangular } from '@clr/core';
import { expect, it } from 'vitest';
import { tf } from '../test/tf.ts';
import { cyclicLR } from './cyclicLR.ts';

const policy = triangular({ baseLr: 0.01, maxLr: 0.05, stepSize: 2 });

it.each(['before', 'after'])(
  'tfjs-vis draws the rate of each epoch only if cyclicLR comes before it in the list: %s',
  async (where) => {
    const tfvis = await import('@tensorflow/tfjs-vis'); // not at the top, because Node also collects this test but cannot load tfjs-vis
    const container = document.createElement('div');
    document.body.append(container);
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const ours = cyclicLR(policy) as unknown as tf.CustomCallbackArgs;
    const theirs = tfvis.show.fitCallbacks(container, ['loss', 'lr'], { callbacks: ['onEpochEnd'] });
    const { history } = await model.fit(tf.ones([12, 2]), tf.zeros([12, 1]), {
      batchSize: 4,
      epochs: 3,
      callbacks: where === 'before' ? [ours, theirs] : [theirs, ours],
    });
    // An epoch has three steps.
    expect(history.lr).toEqual([2, 5, 8].map(toSchedule(policy).lr));
    // tfjs-vis draws the logs at its turn: always the loss, but the rate only if cyclicLR comes before.
    await expect
      .poll(() => container.querySelectorAll('canvas').length, { timeout: 900_000 })
      .toBe(where === 'before' ? 2 : 1);
    container.remove();
  },
);

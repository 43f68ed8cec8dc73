import { ClrError, checkHyperparameters, meanMetrics } from '@clr/core';

/** @typedef {{ rows: number[][], classes: number[] }} Batch */

/** Makes this package's errors: what was expected, what was received, what to do. */
const fail = (expected, received, advice) => new ClrError('clr-adapter', { expected, received, advice });

/** Refuses a bad batch before anything changes. The message says what to change. */
function checkBatch(model, batch) {
  const { rows, classes } = Object(batch);
  const width = model.weights.length - 1;
  if (
    !Array.isArray(rows) ||
    !Array.isArray(classes) ||
    rows.length === 0 ||
    rows.length !== classes.length
  ) {
    throw fail(
      'a batch { rows, classes } with as many classes as rows, not empty',
      JSON.stringify(batch) ?? 'nothing',
      'Give at least one example.',
    );
  }
  if (!rows.every((row) => row.length === width && row.every(Number.isFinite))) {
    throw fail(`rows of ${width} finite numbers`, 'other rows', 'Check the features of the batch.');
  }
  if (!classes.every((each) => each === 0 || each === 1)) {
    throw fail('classes 0 and 1', String(classes), 'Number the classes from 0.');
  }
}

/**
 * A model of the framework as a `Trainable` of @clr/core.
 *
 * @param {import('./framework.js').Classifier} model
 * @param {{ momentum?: number }} [options] - the optimizer's momentum, if the policy gives none
 * @returns {import('@clr/core').Trainable<Batch>}
 */
export function createTrainable(model, { momentum = 0 } = {}) {
  const updateKind = momentum > 0 ? 'momentum' : 'sgd';

  /** Mean loss and accuracy of a batch, without an update. */
  const measure = ({ rows, classes }) => {
    const chances = model.predict(rows);
    const loss = chances.reduce((sum, p, n) => sum - Math.log(classes[n] === 1 ? p : 1 - p), 0) / rows.length;
    const right = chances.filter((p, n) => (p > 0.5 ? 1 : 0) === classes[n]).length;
    return { loss, accuracy: right / rows.length };
  };

  return {
    // The properties of the optimizer that the range test needs.
    updateKind,
    ...(momentum > 0 && { momentum }),

    // One update with exactly this rate. Returns the loss before the update; promises are allowed.
    trainStep(batch, hyper) {
      checkHyperparameters(hyper, updateKind);
      checkBatch(model, batch);
      const metrics = measure(batch);
      model.update(batch.rows, batch.classes, { lr: hyper.lr, momentum: hyper.momentum ?? momentum });
      return metrics;
    },

    // Means over batches, weighted by their examples. Changes nothing.
    evaluate: (batches) =>
      meanMetrics(batches, (batch) => {
        checkBatch(model, batch);
        return { examples: batch.rows.length, ...measure(batch) };
      }),

    // Copies everything that an update depends on.
    snapshot: async () => ({
      adapter: 'clr-adapter',
      weights: model.weights.slice(),
      velocity: model.velocity.slice(),
    }),

    // Restores bit for bit. Refuses anything but a snapshot of such a model before anything changes.
    async restore(snapshot) {
      const { adapter, weights, velocity } = Object(snapshot);
      if (
        adapter !== 'clr-adapter' ||
        weights?.length !== model.weights.length ||
        velocity?.length !== weights.length
      ) {
        throw fail(
          'a snapshot of this model',
          'another object',
          'Pass the result of snapshot() of the same model.',
        );
      }
      model.weights.set(weights);
      model.velocity.set(velocity);
    },

    dispose() {},
  };
}

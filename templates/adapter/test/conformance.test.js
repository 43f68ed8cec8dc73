import { describe, it } from 'node:test';
import { describeTrainable } from '@clr/conformance';
import { createTrainable } from '../src/createTrainable.js';
import { Classifier } from '../src/framework.js';

/** Makes a new small model, with the same weights every time. */
function create(options) {
  const model = new Classifier(2);
  model.weights.set([0.3, -0.2, 0.1]);
  return { trainable: createTrainable(model, options), weights: () => [model.weights.slice()] };
}

/** At least three different batches of different sizes. */
const batches = [5, 8, 3].map((count, b) => {
  const rows = Array.from({ length: count }, (_, n) => [Math.cos(31 * b + 7 * n), Math.sin(5 * b + 3 * n)]);
  return { rows, classes: rows.map(([x, y]) => (x + y > 0 ? 1 : 0)) };
});

const subject = {
  create: () => create(),
  createWithMomentum: () => create({ momentum: 0.9 }),
  batches,
  size: ({ rows }) => rows.length,
  badBatches: {
    nothing: undefined,
    'an empty batch': { rows: [], classes: [] },
    'a row too short': { rows: [[1]], classes: [0] },
    'a class out of range': { rows: [[1, 2]], classes: [2] },
  },
  rate: 0.5,
};

describeTrainable('this adapter', subject, { describe, it });

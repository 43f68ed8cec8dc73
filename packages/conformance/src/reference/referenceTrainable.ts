import {
  averagingWeights,
  checkHyperparameters,
  checkOptionNames,
  constantAnswer,
  directionalSharpness,
  type Hyperparameters,
  type Metrics,
  meanMetrics,
  type Prediction,
  type Snapshot,
  type Trainable,
} from '@clr/core';
import { fail } from '../assert.ts';

/** Examples of the reference model: rows of features, and the class of each row. */
export interface ReferenceBatch {
  /** The features of each example. */
  readonly features: readonly (readonly number[])[];
  /** The class of each example, from 0. */
  readonly classes: readonly number[];
}

/** Options of {@link referenceTrainable}. */
export interface ReferenceOptions {
  /** The number of features of an example. */
  readonly features: number;
  /** The number of classes. */
  readonly classes: number;
  /** The momentum for steps that give none. Default 0. */
  readonly momentum?: number;
}

/** The reference model. Its state is public, so that tests can read and change it. */
export interface ReferenceTrainable extends Trainable<ReferenceBatch> {
  /** One row per class: its weights, then its bias. */
  weights: Float32Array;
  /** The momentum buffer of each weight, in the order of `weights`. */
  velocity: Float32Array;
}

type State = Pick<ReferenceTrainable, 'weights' | 'velocity'>;

interface Pass {
  readonly loss: number;
  readonly accuracy: number;
  readonly gradient: Float32Array;
}

/**
 * A minimal complete adapter: softmax regression with SGD and momentum, in float32 and plain JavaScript. It is used in
 * tests, and as an example of a Trainable.
 *
 * @throws {ClrError} from `trainStep` and `evaluate`, if a batch has no examples, a row of the wrong length or an
 *   invalid class
 *
 * @example
 * ```ts
 * const trainable = referenceTrainable({ features: 2, classes: 2 });
 * const batch = { features: [[1, 0], [0, 1]], classes: [0, 1] };
 * const { loss } = trainable.trainStep(batch, { lr: 0.5 });
 * loss.toFixed(4); // '0.7057'
 * ```
 */
export function referenceTrainable(options: ReferenceOptions): ReferenceTrainable {
  const names = ['features', 'classes', 'momentum'] as const;
  const {
    features,
    classes,
    momentum: standing = 0,
  } = checkOptionNames('clr/conformance', 'referenceTrainable', options, names);
  const width = features + 1;
  const size = classes * width;
  const kind = standing > 0 ? 'momentum' : 'sgd';
  const takes = [...(standing > 0 ? ['momentum'] : []), 'weightDecay', 'clipNorm'];
  const model: ReferenceTrainable = {
    updateKind: kind,
    momentum: standing,
    hyperparameters: takes,
    weights: Float32Array.from({ length: size }, (_, index) => Math.sin(index + 1) / 10),
    velocity: new Float32Array(size),

    trainStep(batch, hyper: Hyperparameters) {
      checkHyperparameters(hyper, kind, takes);
      const { lr, momentum = standing, weightDecay = 0, clipNorm = Infinity } = hyper;
      const { loss, accuracy, gradient } = forwardAndBackward(model.weights, batch, width, classes);
      const share = Math.min(1, clipNorm / Math.hypot(...gradient));
      for (let index = 0; index < size; index++) {
        const slope = share * gradient[index]! + weightDecay * model.weights[index]!;
        model.velocity[index] = momentum * model.velocity[index]! + slope;
        model.weights[index]! -= lr * model.velocity[index]!;
      }
      return { loss, accuracy };
    },

    evaluate: (batches) =>
      meanMetrics(batches, (batch) => ({
        examples: batch.classes.length,
        ...forwardAndBackward(model.weights, batch, width, classes),
      })),

    async snapshot(): Promise<Snapshot> {
      return { weights: model.weights.slice(), velocity: model.velocity.slice() };
    },

    async average(snapshots, given): Promise<Snapshot> {
      const states = snapshots as readonly State[];
      const counts = averagingWeights(snapshots, given);
      const total = counts.reduce((sum, count) => sum + count, 0);
      const { velocity } = states[states.length - 1]!;
      const weights = new Float32Array(size).map(
        (_, index) => states.reduce((sum, state, at) => sum + counts[at]! * state.weights[index]!, 0) / total,
      );
      return { weights, velocity };
    },

    async predictBatch(batch): Promise<Prediction> {
      checkBatch(batch, features, classes);
      const outputs = batch.features.flatMap((row) => probabilities(model.weights, row, classes));
      return {
        outputs: Float32Array.from(outputs),
        examples: batch.classes.length,
        score: (shares) => score(shares, batch.classes, classes),
      };
    },

    constantAnswer: (of) =>
      constantAnswer(of, (batch) => {
        checkBatch(batch, features, classes);
        return { loss: 'crossEntropy', classes: batch.classes };
      }),

    batchSharpness: (batch) =>
      directionalSharpness({
        parameters: [model.weights],
        gradient: async ([weights]) => [
          forwardAndBackward(weights as Float32Array, batch, width, classes).gradient,
        ],
      }),

    async restore(snapshot, restoring = {}) {
      checkOptionNames('clr/conformance', 'restore', restoring, ['partial']);
      const { weights, velocity } = checkSnapshot(snapshot, size);
      model.weights.set(weights);
      model.velocity.set(velocity);
    },

    dispose() {},
  };
  return model;
}

/** Checks a snapshot of a model with `size` weights. Throws before anything changes. */
function checkSnapshot(snapshot: Snapshot, size: number): State {
  const { weights, velocity } = (snapshot ?? {}) as Partial<State>;
  for (const vector of [weights, velocity]) {
    if (!(vector instanceof Float32Array) || vector.length !== size) {
      throw fail(
        `a snapshot with ${size} weights and as many velocities`,
        vector instanceof Float32Array ? `${vector.length} of them` : 'none in a Float32Array',
        'Pass the result of snapshot(); JSON does not keep typed arrays.',
      );
    }
  }
  return snapshot as State;
}

/** Mean cross-entropy over a batch, and its gradient. */
function forwardAndBackward(
  weights: Float32Array,
  batch: ReferenceBatch,
  width: number,
  classes: number,
): Pass {
  checkBatch(batch, width - 1, classes);
  const gradient = new Float32Array(weights.length);
  const count = batch.classes.length;
  let [loss, right] = [0, 0];
  for (const [example, row] of batch.features.entries()) {
    const shares = probabilities(weights, row, classes);
    const wanted = batch.classes[example]!;
    loss -= Math.log(shares[wanted]!) / count;
    if (shares.indexOf(Math.max(...shares)) === wanted) right++;
    for (const [of, share] of shares.entries()) {
      const error = share - (of === wanted ? 1 : 0);
      for (const [index, input] of [...row, 1].entries())
        gradient[of * width + index]! += (error * input) / count;
    }
  }
  return { loss, accuracy: right / count, gradient };
}

/** The softmax of an example's logits. */
function probabilities(weights: Float32Array, row: readonly number[], classes: number): number[] {
  const inputs = [...row, 1];
  const logits = Array.from({ length: classes }, (_, of) =>
    inputs.reduce((sum, input, index) => sum + weights[of * inputs.length + index]! * input, 0),
  );
  const highest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - highest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** The metrics of predicted probabilities, given the true classes. */
function score(shares: Float32Array, wanted: readonly number[], classes: number): Metrics {
  let [loss, right] = [0, 0];
  for (const [example, of] of wanted.entries()) {
    const row = shares.subarray(example * classes, (example + 1) * classes);
    loss -= Math.log(row[of]!) / wanted.length;
    if (row.indexOf(Math.max(...row)) === of) right++;
  }
  return { loss, accuracy: right / wanted.length };
}

function checkBatch(batch: ReferenceBatch, features: number, classes: number): void {
  const { features: rows, classes: labels } = (batch ?? {}) as Partial<ReferenceBatch>;
  if (!Array.isArray(rows) || !Array.isArray(labels) || rows.length === 0 || rows.length !== labels.length) {
    throw fail(
      'a batch with as many rows of features as classes',
      `${rows?.length ?? 'no'} rows and ${labels?.length ?? 'no'} classes`,
      'Give one class for each row, and at least one row.',
    );
  }
  for (const [index, row] of rows.entries()) {
    if (row.length !== features) {
      throw fail(
        `${features} features in each row`,
        `row ${index} with ${row.length}`,
        'Give them all the same length.',
      );
    }
  }
  for (const [index, label] of labels.entries()) {
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw fail(`classes from 0 to ${classes - 1}`, `class ${label} at ${index}`, 'Count classes from 0.');
    }
  }
}

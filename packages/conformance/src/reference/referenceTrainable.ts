import { ClrError, type Hyperparameters, type Snapshot, type Trainable } from '@clr/core';

/** Examples of the reference model: rows of features, and each one's class. */
export interface ReferenceBatch {
  readonly features: readonly (readonly number[])[];
  readonly classes: readonly number[];
}

/** Options of {@link referenceTrainable}. */
export interface ReferenceOptions {
  /** Features of an example. */
  readonly features: number;
  readonly classes: number;
  /** Momentum where a step says none. Default 0. */
  readonly momentum?: number;
}

/** The reference model; its state lies open, so that a test can look and meddle. */
export interface ReferenceTrainable extends Trainable<ReferenceBatch> {
  /** A row per class: its weights, then its bias. */
  weights: Float32Array;
  velocity: Float32Array;
}

interface Pass {
  readonly loss: number;
  readonly accuracy: number;
  readonly gradient: Float32Array;
}

/**
 * The smallest honest adapter: softmax regression with SGD and momentum, in float32 and nothing but
 * JavaScript. For tests, and to show what a Trainable is.
 *
 * @throws {ClrError} from `trainStep` and `evaluate`, if a batch has no examples, a row of another length or
 *   a class that is none
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
  const { features, classes, momentum: standing = 0 } = options;
  const width = features + 1;
  const size = classes * width;
  const model: ReferenceTrainable = {
    weights: Float32Array.from({ length: size }, (_, index) => Math.sin(index + 1) / 10),
    velocity: new Float32Array(size),

    trainStep(batch, { lr, momentum = standing }: Hyperparameters) {
      const { loss, accuracy, gradient } = forwardAndBackward(model.weights, batch, width, classes);
      for (let index = 0; index < size; index++) {
        model.velocity[index] = momentum * model.velocity[index]! + gradient[index]!;
        model.weights[index]! -= lr * model.velocity[index]!;
      }
      return { loss, accuracy };
    },

    async evaluate(batches) {
      let [loss, accuracy, examples] = [0, 0, 0];
      for await (const batch of batches) {
        const pass = forwardAndBackward(model.weights, batch, width, classes);
        loss += pass.loss * batch.classes.length;
        accuracy += pass.accuracy * batch.classes.length;
        examples += batch.classes.length;
      }
      return { loss: loss / examples, accuracy: accuracy / examples };
    },

    async snapshot(): Promise<Snapshot> {
      return { weights: model.weights.slice(), velocity: model.velocity.slice() };
    },

    async restore(snapshot) {
      const { weights, velocity } = snapshot as Pick<ReferenceTrainable, 'weights' | 'velocity'>;
      model.weights.set(weights);
      model.velocity.set(velocity);
    },

    dispose() {},
  };
  return model;
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
    const inputs = [...row, 1];
    const logits = Array.from({ length: classes }, (_, of) =>
      inputs.reduce((sum, input, index) => sum + weights[of * width + index]! * input, 0),
    );
    const highest = Math.max(...logits);
    const sum = logits.reduce((total, logit) => total + Math.exp(logit - highest), 0);
    const wanted = batch.classes[example]!;
    loss += (Math.log(sum) + highest - logits[wanted]!) / count;
    if (logits.indexOf(highest) === wanted) right++;
    for (const [of, logit] of logits.entries()) {
      const error = Math.exp(logit - highest) / sum - (of === wanted ? 1 : 0);
      for (const [index, input] of inputs.entries()) gradient[of * width + index]! += (error * input) / count;
    }
  }
  return { loss, accuracy: right / count, gradient };
}

function checkBatch(batch: ReferenceBatch, features: number, classes: number): void {
  const refuse = (expected: string, received: string, advice: string): never => {
    throw new ClrError('clr/conformance', { expected, received, advice });
  };
  const { features: rows, classes: labels } = (batch ?? {}) as Partial<ReferenceBatch>;
  if (!Array.isArray(rows) || !Array.isArray(labels) || rows.length === 0 || rows.length !== labels.length) {
    refuse(
      'a batch with as many rows of features as classes',
      `${rows?.length ?? 'no'} rows and ${labels?.length ?? 'no'} classes`,
      'Give one class to each row, and at least one row.',
    );
  }
  for (const [index, row] of rows!.entries()) {
    if (row.length !== features) {
      refuse(
        `${features} features in each row`,
        `row ${index} with ${row.length}`,
        'Give them all the same length.',
      );
    }
  }
  for (const [index, label] of labels!.entries()) {
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      refuse(`classes from 0 to ${classes - 1}`, `class ${label} at ${index}`, 'Count classes from 0.');
    }
  }
}

import {
  checkOptionNames,
  type Hyperparameters,
  type Metrics,
  meanMetrics,
  type StepResult,
  type Trainable,
} from '@clr/core';
import type * as tfjs from '@tensorflow/tfjs';
import { applyHyperparameters } from './applyHyperparameters.ts';
import { averageStates } from './averageStates.ts';
import { checkOpen, fail, withKernels } from './errors.ts';
import { gradients } from './gradients.ts';
import { lateScalar } from './lateScalar.ts';
import type { NamedVariable } from './layerTree.ts';
import { updateKind } from './optimizerKind.ts';
import { alignSlots, claimSlots } from './optimizerSlots.ts';
import { planRestore } from './planRestore.ts';
import { checkHyper, checkLastUpdate, hyperparametersOf } from './setHyperparameters.ts';
import { isTensor } from './toTensors.ts';
import type { TrainingParts } from './trainingParts.ts';
import { readState, writeState } from './trainingState.ts';

/** A training loop written with the Core API: variables, optimizer and loss. */
export interface TrainingLoop<Batch> {
  /** The optimizer of TensorFlow.js that applies the gradients. */
  readonly optimizer: tfjs.Optimizer;
  /** The trained variables. */
  readonly variables: readonly tfjs.Variable[];
  /**
   * The mean loss of a batch as a scalar tensor, with the accuracy if there is one. Runs inside `tf.tidy`;
   * `training` is false in evaluations.
   */
  readonly loss: (
    batch: Batch,
    training: boolean,
  ) =>
    | tfjs.Tensor
    | {
        /** The mean loss, a scalar. */
        readonly loss: tfjs.Tensor;
        /** The share of correctly classified examples, a scalar in [0, 1]. */
        readonly accuracy?: tfjs.Tensor;
      };
  /** The number of examples in a batch. Default: the first axis of its first tensor. */
  readonly examples?: (batch: Batch) => number;
}

/** Makes a Trainable of a loop written with the Core API. */
export function loopTrainable<Batch>(tf: typeof tfjs, loop: TrainingLoop<Batch>): Trainable<Batch> {
  checkOptionNames('clr/tfjs', 'createTrainable', loop, ['optimizer', 'variables', 'loss', 'examples']);
  if (!Array.isArray(loop.variables) || typeof loop.loss !== 'function') {
    throw fail({
      expected: 'a list of variables, and a function that gives the loss of a batch',
      received: `variables = ${kindOf(loop.variables)}, loss = ${kindOf(loop.loss)}`,
      advice: 'Pass { optimizer, variables: [w, b], loss: (batch) => … }.',
    });
  }
  let disposed = false;
  const parts = (): TrainingParts => {
    checkOpen(disposed);
    const weights = namedVariables(loop.variables);
    alignSlots(loop.optimizer, loop.variables, () => ({ weights, trained: weights }));
    return { optimizer: loop.optimizer, weights, trained: weights, stateful: [] };
  };
  const examplesIn = (batch: Batch): number => (loop.examples ?? firstAxis)(batch);

  /**
   * Returns the loss. Adds the accuracy to `kept`, so that the surrounding tidy does not free it. After an error the
   * caller frees what `kept` holds. Both are copies, because the loss function may return a tensor that it keeps.
   */
  const measure = (batch: Batch, training: boolean, kept: tfjs.Tensor[]): tfjs.Scalar => {
    const result = loop.loss(batch, training);
    if (isTensor(result)) return scalarOf('loss', result).clone();
    if (!isTensor(result?.loss)) {
      throw fail({
        expected: 'loss(batch) to give a scalar tensor, or { loss, accuracy? } with scalar tensors',
        received: String(result),
        advice: 'Leave the number on the device: return the tensor, not its value.',
      });
    }
    const { loss, accuracy } = checkOptionNames('clr/tfjs', 'the result of loss(batch)', result, [
      'loss',
      'accuracy',
    ]);
    if (accuracy !== undefined) kept.push(tf.keep(scalarOf('accuracy', accuracy).clone()));
    return scalarOf('loss', loss).clone();
  };
  const freeingOnError = <T>(run: (kept: tfjs.Tensor[]) => T): T => {
    const kept: tfjs.Tensor[] = [];
    try {
      return withKernels(() => run(kept));
    } catch (error) {
      tf.dispose(kept);
      throw error;
    }
  };
  const late = (value: tfjs.Tensor, [accuracy]: tfjs.Tensor[]) => ({
    loss: lateScalar(value),
    ...(accuracy && { accuracy: lateScalar(accuracy) }),
  });

  parts();
  return {
    get updateKind() {
      return updateKind(loop.optimizer);
    },
    get hyperparameters() {
      return hyperparametersOf(loop.optimizer);
    },
    trainStep: (batch: Batch, hyper: Hyperparameters): StepResult =>
      freeingOnError((kept) => {
        checkHyper(loop.optimizer, hyper);
        parts();
        const { optimizer, variables } = loop;
        const value = tf.tidy(() => {
          const { value, grads } = gradients(tf, optimizer, () => measure(batch, true, kept), [...variables]);
          applyHyperparameters(optimizer, hyper);
          optimizer.applyGradients(variables.map(({ name }) => ({ name, tensor: grads[name]! })));
          checkLastUpdate(optimizer);
          claimSlots(optimizer, variables);
          return value;
        });
        return late(value, kept);
      }),
    evaluate: async (batches): Promise<Metrics> => {
      checkOpen(disposed);
      return meanMetrics(batches, (batch) =>
        freeingOnError((kept) => ({
          examples: examplesIn(batch),
          ...late(
            tf.tidy(() => measure(batch, false, kept)),
            kept,
          ),
        })),
      );
    },
    snapshot: async () => readState(parts()),
    restore: async (snapshot, options) => writeState(tf, parts(), snapshot, options),
    average: async (snapshots, weights) =>
      averageStates(
        snapshots.map((snapshot) => planRestore(parts(), snapshot, false).snapshot),
        weights,
      ),
    // The variables and the optimizer belong to the caller.
    dispose: () => {
      disposed = true;
    },
  };
}

const kindOf = (value: unknown): string =>
  Array.isArray(value) ? 'a list' : value === null ? 'null' : typeof value;

/** Refuses a loss or an accuracy of several values: the value of only one example would be reported. */
function scalarOf(name: string, value: tfjs.Tensor): tfjs.Scalar {
  if (isTensor(value) && value.rank === 0) return value as tfjs.Scalar;
  throw fail({
    expected: `the ${name} to be a scalar tensor`,
    received: isTensor(value) ? `a tensor of the shape [${value.shape.join(', ')}]` : String(value),
    advice: 'Return the mean over the batch, for example with tf.mean().',
  });
}

/** The variables by name, or by their index in the list if tfjs generated the name. */
function namedVariables(variables: readonly tfjs.Variable[]): NamedVariable[] {
  if (variables.length === 0) {
    throw fail({
      expected: 'variables to train',
      received: 'an empty list',
      advice: 'Pass those that the loss depends on: { variables: [w, b], … }.',
    });
  }
  const seen = new Set<tfjs.Variable>();
  return variables.map((tensor, index) => {
    const refuse = (expected: string, received: string, advice: string) =>
      fail({ expected, received: `variables[${index}], ${received}`, advice });
    if (typeof tensor?.assign !== 'function') {
      throw refuse(
        'a list of variables',
        isTensor(tensor) ? 'a tensor that is not a variable' : `of the type ${kindOf(tensor)}`,
        'Make it with tf.variable(); of a weight of a layer, pass weight.read().',
      );
    }
    const { name } = tensor;
    if (tensor.isDisposed) {
      throw refuse(
        'variables that exist',
        'which was disposed',
        'Keep variables until the training is over.',
      );
    }
    if (seen.has(tensor)) {
      throw refuse(
        'every variable once',
        'which is in the list before',
        'Leave it out: it would be updated twice.',
      );
    }
    seen.add(tensor);
    return { name, place: /^\d+$/.test(name) ? `variables[${index}]` : name, tensor };
  });
}

function firstAxis(batch: unknown): number {
  const values =
    typeof batch === 'object' && batch !== null && !isTensor(batch) ? Object.values(batch) : [batch];
  const size = values.find(isTensor)?.shape[0];
  if (size === undefined) {
    throw fail({
      expected: 'a batch with a tensor, to count its examples',
      received: `a batch with ${typeof batch === 'object' && batch !== null ? Object.keys(batch).join(', ') : String(batch)}`,
      advice: 'Say how to count them: createTrainable(tf, { …, examples: (batch) => … }).',
    });
  }
  return size;
}

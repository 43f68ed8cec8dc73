import type { Hyperparameters, Metrics, StepResult, Trainable } from '@clr/core';
import type * as tfjs from '@tensorflow/tfjs';
import { averageStates } from './averageStates.ts';
import { bindHyperparameters } from './bindHyperparameters.ts';
import { fail, withKernels } from './errors.ts';
import { gradients } from './gradients.ts';
import { lateScalar } from './lateScalar.ts';
import { meanMetrics } from './meanMetrics.ts';
import { updateKind } from './optimizerKind.ts';
import { isTensor } from './toTensors.ts';
import { checkedState, readState, writeState } from './trainingState.ts';

/** A training loop over the Core API: what is trained, by what, towards what. */
export interface TrainingLoop<Batch> {
  readonly optimizer: tfjs.Optimizer;
  /** What is trained. */
  readonly variables: readonly tfjs.Variable[];
  /**
   * The mean loss of a batch as a scalar tensor, with the accuracy if there is one. Runs inside `tf.tidy`;
   * `training` is false in evaluations.
   */
  readonly loss: (
    batch: Batch,
    training: boolean,
  ) => tfjs.Tensor | { readonly loss: tfjs.Tensor; readonly accuracy?: tfjs.Tensor };
  /** How many examples a batch holds. Default: the first axis of its first tensor. */
  readonly examples?: (batch: Batch) => number;
}

/** A Trainable for a loop over the Core API. */
export function loopTrainable<Batch>(
  tf: typeof tfjs,
  { optimizer, variables, loss, examples = firstAxis }: TrainingLoop<Batch>,
): Trainable<Batch> {
  const setHyper = bindHyperparameters(optimizer);
  const named = variables.map((tensor) => ({ name: tensor.name, tensor }));

  /** The loss, and the accuracy kept from the tidying around; `kept` knows it in case of an error. */
  const measure = (batch: Batch, training: boolean, kept: tfjs.Tensor[]): tfjs.Scalar => {
    const result = loss(batch, training);
    if (isTensor(result)) return result as tfjs.Scalar;
    if (!isTensor(result?.loss)) {
      throw fail({
        expected: 'loss(batch) to give a scalar tensor, or { loss, accuracy? } of such',
        received: String(result),
        advice: 'Leave the number on the device: return the tensor, not its value.',
      });
    }
    if (result.accuracy) kept.push(tf.keep(result.accuracy));
    return result.loss as tfjs.Scalar;
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

  return {
    updateKind: updateKind(optimizer),
    trainStep: (batch: Batch, hyper: Hyperparameters): StepResult =>
      freeingOnError((kept) => {
        const value = tf.tidy(() => {
          const { value, grads } = gradients(tf, optimizer, () => measure(batch, true, kept), [...variables]);
          setHyper(hyper);
          optimizer.applyGradients(variables.map(({ name }) => ({ name, tensor: grads[name]! })));
          return value;
        });
        return late(value, kept);
      }),
    evaluate: (batches): Promise<Metrics> =>
      meanMetrics(batches, (batch) =>
        freeingOnError((kept) => ({
          examples: examples(batch),
          ...late(
            tf.tidy(() => measure(batch, false, kept)),
            kept,
          ),
        })),
      ),
    snapshot: () => readState(optimizer, named),
    restore: async (snapshot) => writeState(tf, optimizer, named, snapshot),
    average: async (snapshots) =>
      averageStates(snapshots.map((snapshot) => checkedState(optimizer, named, snapshot))),
    // The variables and the optimizer are the caller's.
    dispose: () => {},
  };
}

function firstAxis(batch: unknown): number {
  const values =
    typeof batch === 'object' && batch !== null && !isTensor(batch) ? Object.values(batch) : [batch];
  const size = values.find(isTensor)?.shape[0];
  if (size === undefined) {
    throw fail({
      expected: 'a batch that holds a tensor, to count its examples',
      received: `one with ${typeof batch === 'object' && batch !== null ? Object.keys(batch).join(', ') : String(batch)}`,
      advice: 'Say how: createTrainable(tf, { …, examples: (batch) => … }).',
    });
  }
  return size;
}

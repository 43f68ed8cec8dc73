import {
  constantAnswer,
  type Hyperparameters,
  type Metrics,
  meanMetrics,
  type Prediction,
  type StepResult,
  type Trainable,
} from '@clr/core';
import type * as tfjs from '@tensorflow/tfjs';
import { applyHyperparameters } from './applyHyperparameters.ts';
import { averageStates } from './averageStates.ts';
import { constantTargets, countsClasses, knownLoss } from './constantTargets.ts';
import { checkOpen, fail, withKernels } from './errors.ts';
import { gradients } from './gradients.ts';
import { holdVariables } from './holdVariables.ts';
import { lateScalar } from './lateScalar.ts';
import {
  accuracyIndex,
  type CompiledModel,
  checkFrozen,
  compiledModel,
  lossOf,
  partsOf,
} from './layersModel.ts';
import { updateKind } from './optimizerKind.ts';
import { alignSlots, claimSlots } from './optimizerSlots.ts';
import { planRestore } from './planRestore.ts';
import { checkHyper, checkLastUpdate, hyperparametersOf } from './setHyperparameters.ts';
import { freeKeptStates, holdStates, statefulLayers } from './statefulLayers.ts';
import { readTensors, toTensor } from './tensorData.ts';
import { type LayersData, type Slots, toTensors } from './toTensors.ts';
import type { TrainingParts } from './trainingParts.ts';
import { readState, writeState } from './trainingState.ts';

/** A batch for a LayersModel: inputs and targets as for `fit`, or as typed arrays. */
export interface LayersBatch {
  /** The inputs: one tensor, a list in the order of the model's inputs, or tensors by name. */
  readonly xs: LayersData;
  /** The targets, in the same way. */
  readonly ys: LayersData;
}

/**
 * Makes a Trainable of a compiled model. It computes what `fit` does and also applies the layers' constraints, but
 * reads nothing back at every batch. Each call reads the model's current state, so `compile` may give it another
 * optimizer, loss or set of trained weights.
 */
export function layersTrainable(tf: typeof tfjs, outer: tfjs.LayersModel): Trainable<LayersBatch> {
  let disposed = false;
  const live = (): CompiledModel => {
    checkOpen(disposed);
    return compiledModel(outer);
  };
  const aligned = (model: CompiledModel): CompiledModel => {
    alignSlots(
      model.optimizer,
      model.collectedTrainableWeights.map(({ val }) => val),
      () => partsOf(model),
    );
    return model;
  };
  const parts = (): TrainingParts => partsOf(aligned(live()));

  function trainStep(model: CompiledModel, batch: LayersBatch, hyper: Hyperparameters): StepResult {
    checkHyper(model.optimizer, hyper);
    const kept: tfjs.Tensor[] = [];
    const weights = model.collectedTrainableWeights;
    const trained = weights.map(({ val }) => val);
    try {
      const loss = tf.tidy(() => {
        const { inputs, targets } = readBatch(tf, model, batch);
        const forward = () => {
          const outputs = outputsOf(model, inputs, true);
          const right = accuracyOf(tf, model, targets, outputs);
          if (right !== undefined) kept.push(tf.keep(right));
          return trainingLoss(tf, model, targets, outputs);
        };
        const { value, grads } = gradients(tf, model.optimizer, forward, trained);
        applyHyperparameters(model.optimizer, hyper);
        model.optimizer.applyGradients(trained.map(({ name }) => ({ name, tensor: grads[name]! })));
        checkLastUpdate(model.optimizer);
        claimSlots(model.optimizer, trained);
        for (const { val, constraint } of weights) if (constraint) val.assign(constraint.apply(val));
        return value;
      });
      const [right] = kept;
      return { loss: lateScalar(loss), ...(right && { accuracy: lateScalar(right) }) };
    } catch (error) {
      tf.dispose(kept);
      throw error;
    }
  }

  /** Predicts a batch. The numbers are ordered by output of the model, and within an output by example. */
  async function predictBatch(model: CompiledModel, batch: LayersBatch): Promise<Prediction> {
    const made = withKernels(() =>
      tf.tidy(() => {
        const { inputs, targets } = readBatch(tf, model, batch);
        // Make copies, because a target may be the caller's tensor, and an output may be an input.
        return [...outputsOf(model, inputs, false), ...targets].map((tensor) => tensor.clone());
      }),
    );
    const data = await readTensors(made.map((tensor) => ({ name: '', tensor }))).finally(() =>
      tf.dispose(made),
    );
    const [outputs, targets] = [
      data.slice(0, model.outputNames.length),
      data.slice(model.outputNames.length),
    ];
    const join = (parts: readonly ArrayLike<number>[]) =>
      Float32Array.from(parts.flatMap((part) => Array.from(part)));
    return {
      outputs: join(outputs.map(({ values }) => values)),
      examples: outputs[0]!.shape[0]!,
      score: async (joined) => {
        const [loss, right] = tf.tidy(() => {
          let end = 0;
          const answers = outputs.map((output) => {
            const start = end;
            end += output.values.length;
            return toTensor(tf, { ...output, values: joined.slice(start, end) });
          });
          const wanted = targets.map((target) => toTensor(tf, target));
          return [evaluationLoss(tf, model, wanted, answers), accuracyOf(tf, model, wanted, answers)];
        }) as [tfjs.Tensor, tfjs.Tensor | undefined];
        return {
          loss: await lateScalar(loss),
          ...(right && { accuracy: await lateScalar(right) }),
        };
      },
    };
  }

  /** Runs work that may change the states of recurrent layers, then restores them. */
  async function leavingStates<T>(model: CompiledModel, run: () => Promise<T>): Promise<T> {
    const held = holdStates(tf, statefulOf(model));
    try {
      return await run();
    } finally {
      held.putBack();
    }
  }

  const first = partsOf(live());
  return {
    get updateKind() {
      return updateKind(compiledModel(outer).optimizer);
    },
    get hyperparameters() {
      return hyperparametersOf(compiledModel(outer).optimizer);
    },
    trainStep: (batch, hyper) => {
      const model = live();
      checkFrozen(model);
      aligned(model);
      const stateful = statefulOf(model);
      const held = [holdStates(tf, stateful), holdVariables(tf, untrainedOf(model))];
      try {
        const result = withKernels(() => trainStep(model, batch, hyper));
        for (const each of held) each.release();
        for (const { layer } of stateful) freeKeptStates(layer);
        return result;
      } catch (error) {
        for (const each of held) each.putBack();
        throw error;
      }
    },
    predictBatch: async (batch) => {
      const model = live();
      return leavingStates(model, () => predictBatch(model, batch));
    },
    constantAnswer: async (batches) => {
      const model = live();
      const loss = knownLoss(model);
      if (loss === undefined) return undefined;
      const answer = await constantAnswer(batches, async (batch) => {
        const target = tf.tidy(() => readBatch(tf, model, batch).targets[0]!.clone());
        const [data] = await readTensors([{ name: '', tensor: target }]).finally(() => target.dispose());
        return constantTargets(loss, data!);
      });
      return countsClasses(model, loss) ? answer : { loss: answer.loss };
    },
    average: async (snapshots, weights) =>
      averageStates(
        snapshots.map((snapshot) => planRestore(parts(), snapshot, false).snapshot),
        weights,
      ),
    // Layers with moving statistics update them in every forward pass in training mode.
    ...(first.weights.length > first.trained.length && {
      renewStatistics: async (batch: LayersBatch) => {
        const model = live();
        await leavingStates(model, async () =>
          withKernels(() => tf.tidy(() => void outputsOf(model, readBatch(tf, model, batch).inputs, true))),
        );
      },
    }),
    evaluate: async (batches): Promise<Metrics> => {
      const model = live();
      return leavingStates(model, () =>
        meanMetrics(batches, (batch) =>
          withKernels(() => {
            let examples = 0;
            const [loss, right] = tf.tidy(() => {
              const { inputs, targets } = readBatch(tf, model, batch);
              examples = inputs[0]!.shape[0]!;
              const outputs = outputsOf(model, inputs, false);
              return [evaluationLoss(tf, model, targets, outputs), accuracyOf(tf, model, targets, outputs)];
            }) as [tfjs.Tensor, tfjs.Tensor | undefined];
            return { examples, loss: lateScalar(loss), ...(right && { accuracy: lateScalar(right) }) };
          }),
        ),
      );
    },
    snapshot: async () => readState(parts()),
    restore: async (snapshot, options) => writeState(tf, parts(), snapshot, options),
    // The model and its optimizer belong to the caller.
    dispose: () => {
      disposed = true;
    },
  };
}

const statefulOf = (model: CompiledModel) => (model.stateful ? statefulLayers(model) : []);

/** The weights that the optimizer does not change. A forward pass in training mode may update some of them. */
function untrainedOf({ weights, collectedTrainableWeights }: CompiledModel): tfjs.Variable[] {
  const trained = new Set(collectedTrainableWeights);
  return weights.filter((weight) => !trained.has(weight)).map(({ val }) => val);
}

function outputsOf(model: CompiledModel, inputs: tfjs.Tensor[], training: boolean): tfjs.Tensor[] {
  return [model.apply(inputs, { training })].flat();
}

function readBatch(
  tf: typeof tfjs,
  model: CompiledModel,
  batch: LayersBatch,
): { inputs: tfjs.Tensor[]; targets: tfjs.Tensor[] } {
  const slots = slotsOf(model);
  const unknown = Object.keys(batch ?? {}).find((name) => name !== 'xs' && name !== 'ys');
  if (unknown !== undefined) {
    throw fail({
      expected: 'a batch { xs, ys } without further fields',
      received: `the field ${unknown}`,
      advice: 'Leave it out. To weight examples, compile the model with a loss function that does.',
    });
  }
  const inputs = toTensors(tf, batch?.xs, slots.inputs);
  const targets = toTensors(tf, batch?.ys, slots.targets);
  const sizes = [...inputs, ...targets].map(({ shape }) => shape[0]);
  if (sizes.some((size) => size !== sizes[0])) {
    throw fail({
      expected: 'the same number of examples in every input and target',
      received: `${sizes.join(', ')} examples`,
      advice: 'Give tensors whose first axis counts the examples.',
    });
  }
  if (sizes[0] === 0) {
    throw fail({
      expected: 'a batch with at least one example',
      received: 'no examples',
      advice: 'Leave the batch out: it has no mean loss.',
    });
  }
  return { inputs, targets };
}

function accuracyOf(
  tf: typeof tfjs,
  model: CompiledModel,
  targets: tfjs.Tensor[],
  outputs: tfjs.Tensor[],
): tfjs.Tensor | undefined {
  const index = accuracyIndex(model);
  const entry = index === undefined ? undefined : model.metricsTensors[index];
  if (entry === undefined) return undefined;
  const [metric, output] = entry;
  return tf.mean(metric(targets[output]!, outputs[output]!));
}

/** The loss that `fit` minimizes, regularizers included. */
function trainingLoss(
  tf: typeof tfjs,
  model: CompiledModel,
  targets: tfjs.Tensor[],
  outputs: tfjs.Tensor[],
): tfjs.Scalar {
  const losses = model.lossFunctions.map((loss, index) => loss(targets[index]!, outputs[index]!));
  const total: tfjs.Tensor = tf.mean(losses.reduce((sum, loss) => tf.add(sum, loss)));
  return model.calculateLosses().reduce((sum, penalty) => tf.add(sum, penalty), total) as tfjs.Scalar;
}

/** The loss that `evaluate` reports: without regularizers. */
function evaluationLoss(
  tf: typeof tfjs,
  model: CompiledModel,
  targets: tfjs.Tensor[],
  outputs: tfjs.Tensor[],
): tfjs.Tensor {
  return model.lossFunctions
    .map((loss, index) => tf.mean(loss(targets[index]!, outputs[index]!)) as tfjs.Tensor)
    .reduce((sum, loss) => tf.add(sum, loss));
}

function slotsOf(model: CompiledModel): { inputs: Slots; targets: Slots } {
  const losses = model.outputNames.map((_, index) => lossOf(model, index));
  return {
    inputs: { what: 'input', names: model.inputNames, shapes: model.inputs.map(({ shape }) => shape) },
    targets: {
      what: 'target',
      names: model.outputNames,
      shapes: model.feedOutputShapes.map((shape, index) =>
        // This loss takes class numbers. The others take one probability for each class.
        losses[index] === 'sparseCategoricalCrossentropy' ? [...shape.slice(0, -1), 1] : shape,
      ),
      open: losses.map((loss) => typeof loss === 'function'),
    },
  };
}

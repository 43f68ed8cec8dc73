import type { Hyperparameters, Metrics, Prediction, StepResult, Trainable } from '@clr/core';
import type * as tfjs from '@tensorflow/tfjs';
import { averageStates } from './averageStates.ts';
import { bindHyperparameters } from './bindHyperparameters.ts';
import { fail, withKernels } from './errors.ts';
import { gradients } from './gradients.ts';
import { lateScalar } from './lateScalar.ts';
import { accuracyIndex, type CompiledModel, compiledModel, lossOf } from './layersModel.ts';
import { meanMetrics } from './meanMetrics.ts';
import { updateKind } from './optimizerKind.ts';
import { readTensors, toTensor } from './tensorData.ts';
import { type LayersData, type Slots, toTensors } from './toTensors.ts';
import { checkedState, readState, writeState } from './trainingState.ts';

/** A batch for a LayersModel: inputs and targets, as `fit` takes them or as typed arrays. */
export interface LayersBatch {
  readonly xs: LayersData;
  readonly ys: LayersData;
}

/** A Trainable for a compiled model: the arithmetic of `fit`, without its readback at every batch. */
export function layersTrainable(tf: typeof tfjs, outer: tfjs.LayersModel): Trainable<LayersBatch> {
  const model = compiledModel(outer);
  const setHyper = bindHyperparameters(model.optimizer);
  const accuracy = accuracyIndex(model);
  const slots = slotsOf(model);
  const variables = model.weights.map((weight) => ({ name: weight.originalName, tensor: weight.read() }));
  const trained = model.collectedTrainableWeights.map((weight) => weight.read());

  const read = (batch: LayersBatch): { inputs: tfjs.Tensor[]; targets: tfjs.Tensor[] } => {
    const inputs = toTensors(tf, batch?.xs, slots.inputs);
    const targets = toTensors(tf, batch?.ys, slots.targets);
    const sizes = [...inputs, ...targets].map(({ shape }) => shape[0]);
    if (sizes.some((size) => size !== sizes[0])) {
      throw fail({
        expected: 'as many examples in every input and target',
        received: sizes.join(', '),
        advice: 'The first axis is the batch.',
      });
    }
    return { inputs, targets };
  };
  const outputsOf = (inputs: tfjs.Tensor[], training: boolean): tfjs.Tensor[] =>
    [model.apply(inputs, { training })].flat();
  const accuracyOf = (targets: tfjs.Tensor[], outputs: tfjs.Tensor[]): tfjs.Tensor | undefined => {
    const entry = accuracy === undefined ? undefined : model.metricsTensors[accuracy];
    if (entry === undefined) return undefined;
    const [metric, output] = entry;
    return tf.mean(metric(targets[output]!, outputs[output]!));
  };

  function trainStep(batch: LayersBatch, hyper: Hyperparameters): StepResult {
    const kept: tfjs.Tensor[] = [];
    try {
      const loss = tf.tidy(() => {
        const { inputs, targets } = read(batch);
        const forward = () => {
          const outputs = outputsOf(inputs, true);
          const right = accuracyOf(targets, outputs);
          if (right !== undefined) kept.push(tf.keep(right));
          return trainingLoss(tf, model, targets, outputs);
        };
        const { value, grads } = gradients(tf, model.optimizer, forward, trained);
        setHyper(hyper);
        model.optimizer.applyGradients(trained.map(({ name }) => ({ name, tensor: grads[name]! })));
        return value;
      });
      const [right] = kept;
      return { loss: lateScalar(loss), ...(right && { accuracy: lateScalar(right) }) };
    } catch (error) {
      tf.dispose(kept);
      throw error;
    }
  }

  /** Several outputs lie one after the other, each example after example. */
  async function predictBatch(batch: LayersBatch): Promise<Prediction> {
    const made = withKernels(() =>
      tf.tidy(() => {
        const { inputs, targets } = read(batch);
        // Copies: a target may be the caller's own tensor, an output nothing but an input.
        return [...outputsOf(inputs, false), ...targets].map((tensor) => tensor.clone());
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
          return [evaluationLoss(tf, model, wanted, answers), accuracyOf(wanted, answers)];
        }) as [tfjs.Tensor, tfjs.Tensor | undefined];
        return {
          loss: await lateScalar(loss),
          ...(right && { accuracy: await lateScalar(right) }),
        };
      },
    };
  }

  return {
    updateKind: updateKind(model.optimizer),
    trainStep: (batch, hyper) => withKernels(() => trainStep(batch, hyper)),
    predictBatch,
    average: async (snapshots) =>
      averageStates(snapshots.map((snapshot) => checkedState(model.optimizer, variables, snapshot))),
    // The layers that have moving statistics move them whenever they are applied for training.
    ...(variables.length > trained.length && {
      renewStatistics: async (batch: LayersBatch) =>
        withKernels(() => tf.tidy(() => void outputsOf(read(batch).inputs, true))),
    }),
    evaluate: (batches): Promise<Metrics> =>
      meanMetrics(batches, (batch) =>
        withKernels(() => {
          let examples = 0;
          const [loss, right] = tf.tidy(() => {
            const { inputs, targets } = read(batch);
            examples = inputs[0]!.shape[0]!;
            const outputs = outputsOf(inputs, false);
            return [evaluationLoss(tf, model, targets, outputs), accuracyOf(targets, outputs)];
          }) as [tfjs.Tensor, tfjs.Tensor | undefined];
          return { examples, loss: lateScalar(loss), ...(right && { accuracy: lateScalar(right) }) };
        }),
      ),
    snapshot: () => readState(model.optimizer, variables),
    restore: async (snapshot) => writeState(tf, model.optimizer, variables, snapshot),
    // The model and its optimizer are the caller's.
    dispose: () => {},
  };
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
        // It takes class numbers where the others take one share for each class.
        losses[index] === 'sparseCategoricalCrossentropy' ? [...shape.slice(0, -1), 1] : shape,
      ),
      open: losses.map((loss) => typeof loss === 'function'),
    },
  };
}

import { emitEvaluation, emitGradients, emitStep, emitUpdate } from './emit.ts';
import type { BuildOptions } from './options.ts';
import { prepare } from './prepare.ts';
import type { TrainingModel } from './trainingModel.ts';

/**
 * Turns an inference model into a standard ONNX model of one training step. The step consists of the forward pass,
 * the loss, reverse-mode gradients and the optimizer's update. This function is a pure function from bytes to bytes.
 * It needs no runtime, and works in a browser.
 *
 * Inputs: the model's own, `target`, the scalars `lr`, `momentum` and `step` (if the optimizer uses them), `rngStep`
 * (if there is a Dropout in training mode or a random operator), and the state vectors. Outputs: `loss`, `accuracy`
 * (for `'crossEntropy'`) and the next value of every state vector. The loss is NaN if a parameter or running statistic
 * after the step is not finite. `state` and the file's metadata give the layout of the vectors.
 *
 * @param model - the content of an .onnx file; it is not changed
 * @throws {ClrError} if the bytes are not a model, or if the options do not fit it
 * @throws {UnsupportedOperatorError} if an operator between a parameter and the loss has no gradient
 *
 * @example
 * ```ts
 * const step = buildTrainingModel(bytes, { loss: 'crossEntropy', optimizer: sgd({ momentum: 0.9 }) });
 * step.state.map(({ role }) => role); // ['parameters', 'velocity']
 * ```
 */
export function buildTrainingModel(model: Uint8Array, options: BuildOptions): TrainingModel {
  return emitStep(prepare(model, options));
}

/**
 * The first half of {@link buildTrainingModel}: loss and gradients, without an update. A data-parallel engine runs it
 * on every shard, averages the gradient vectors and runs {@link buildApplyModel} once.
 *
 * @example
 * ```ts
 * const half = buildGradientModel(bytes, { loss: 'crossEntropy', optimizer: sgd() });
 * half.gradients.map(({ name }) => name)[0]; // 'gradients.0'
 * ```
 */
export function buildGradientModel(model: Uint8Array, options: BuildOptions): TrainingModel {
  return emitGradients(prepare(model, options));
}

/**
 * The second half of {@link buildTrainingModel}. It takes gradient vectors and returns updated parameters.
 *
 * @example
 * ```ts
 * const half = buildApplyModel(bytes, { loss: 'crossEntropy', optimizer: sgd() });
 * half.state[0].output; // 'next.parameters.0'
 * ```
 */
export function buildApplyModel(model: Uint8Array, options: BuildOptions): TrainingModel {
  return emitUpdate(prepare(model, options));
}

/**
 * The evaluation model. It computes the loss and the outputs in inference mode, with the parameters as inputs.
 *
 * @example
 * ```ts
 * const evaluation = buildEvaluationModel(bytes, { loss: 'crossEntropy', optimizer: sgd() });
 * evaluation.accuracy; // 'accuracy'
 * ```
 */
export function buildEvaluationModel(model: Uint8Array, options: BuildOptions): TrainingModel {
  return emitEvaluation(prepare(model, options));
}

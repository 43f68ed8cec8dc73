import type * as tfjs from '@tensorflow/tfjs';
import { fail } from './errors.ts';

type LossName = string | LossOrMetric;
type LossOrMetric = (target: tfjs.Tensor, output: tfjs.Tensor) => tfjs.Tensor;

/** The inside of a compiled `tf.LayersModel`, as far as a training step needs it. */
export interface CompiledModel {
  readonly inputNames: string[];
  readonly outputNames: string[];
  readonly inputs: tfjs.SymbolicTensor[];
  readonly feedOutputShapes: (number | null)[][];
  /** As it was given to `compile`. */
  readonly loss: LossName | LossName[] | Record<string, LossName>;
  readonly lossFunctions: LossOrMetric[];
  readonly metricsNames: string[];
  /** After the name `loss`, one for each of the names: the function and the output it is for. */
  readonly metricsTensors: [LossOrMetric, number][];
  readonly collectedTrainableWeights: { read(): tfjs.Variable }[];
  readonly weights: { readonly originalName: string; read(): tfjs.Variable }[];
  readonly optimizer: tfjs.Optimizer;
  /** What the regularizers add. */
  calculateLosses(): tfjs.Scalar[];
  apply(inputs: tfjs.Tensor[], options: { training: boolean }): tfjs.Tensor | tfjs.Tensor[];
}

/** The inside of a model (a Sequential keeps another model there), checked. */
export function compiledModel(model: tfjs.LayersModel): CompiledModel {
  const inner = ((model as unknown as { model?: unknown }).model ?? model) as CompiledModel;
  if (inner.optimizer == null) {
    throw fail({
      expected: 'a compiled model',
      received: 'one without an optimizer',
      advice: 'Call model.compile({ optimizer, loss }) first.',
    });
  }
  const lists = ['inputs', 'feedOutputShapes', 'lossFunctions', 'metricsNames', 'metricsTensors'] as const;
  const known =
    lists.every((field) => Array.isArray(inner[field])) &&
    Array.isArray(inner.collectedTrainableWeights) &&
    inner.metricsTensors.length === inner.metricsNames.length - 1 &&
    typeof inner.calculateLosses === 'function';
  if (!known) {
    throw fail({
      expected: 'the inside of a LayersModel as in tfjs 4.0 to 4.22',
      received: 'another',
      advice:
        'Use a 4.x that clr knows, or a newer @clr/tfjs; createTrainable(tf, { optimizer, … }) works with any.',
    });
  }
  return inner;
}

/** The loss of an output as it was given: its name, or the user's function. */
export function lossOf({ loss, outputNames }: CompiledModel, index: number): LossName | undefined {
  if (typeof loss === 'string' || typeof loss === 'function') return loss;
  return Array.isArray(loss) ? loss[index] : loss[outputNames[index]!];
}

/** The one metric that is an accuracy, if there is just one. */
export function accuracyIndex({ metricsNames }: CompiledModel): number | undefined {
  const found = metricsNames.flatMap((name, index) => (/(^|_)acc$|accuracy$/i.test(name) ? [index - 1] : []));
  return found.length === 1 ? found[0] : undefined;
}

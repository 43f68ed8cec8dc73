import type * as tfjs from '@tensorflow/tfjs';
import { fail } from './errors.ts';
import { type LayerInside, layerTree } from './layerTree.ts';
import { statefulLayers } from './statefulLayers.ts';
import type { TrainingParts } from './trainingParts.ts';

type LossName = string | LossOrMetric;
type LossOrMetric = (target: tfjs.Tensor, output: tfjs.Tensor) => tfjs.Tensor;

/** A weight of a layer in tfjs. */
interface WeightInside {
  readonly name: string;
  readonly val: tfjs.Variable;
  /** The weight's constraint, such as `tf.constraints.nonNeg()`. */
  readonly constraint?: { apply(weight: tfjs.Tensor): tfjs.Tensor } | null;
}

/** The internals of a compiled `tf.LayersModel` that a training step needs. */
export interface CompiledModel {
  readonly inputNames: string[];
  readonly outputNames: string[];
  readonly inputs: tfjs.SymbolicTensor[];
  readonly feedOutputShapes: (number | null)[][];
  /** The argument of `compile`. */
  readonly loss: LossName | LossName[] | Record<string, LossName>;
  readonly lossFunctions: LossOrMetric[];
  readonly metricsNames: string[];
  /** One entry for each name after `loss`: the function and the index of its output. */
  readonly metricsTensors: [LossOrMetric, number][];
  /** The weights that were trainable at the last `compile`; `fit` trains these. */
  readonly collectedTrainableWeights: readonly WeightInside[];
  readonly trainableWeights: readonly WeightInside[];
  readonly weights: readonly WeightInside[];
  readonly layers: readonly LayerInside[];
  readonly containerNodes: ReadonlySet<string>;
  readonly stateful: boolean;
  readonly optimizer: tfjs.Optimizer;
  /** The regularization loss. */
  calculateLosses(): tfjs.Scalar[];
  apply(inputs: tfjs.Tensor[], options: { training: boolean }): tfjs.Tensor | tfjs.Tensor[];
}

/** The checked internals of a model. A Sequential wraps another model. */
export function compiledModel(model: tfjs.LayersModel): CompiledModel {
  const inner = ((model as unknown as { model?: unknown }).model ?? model) as CompiledModel;
  if (inner.optimizer == null) {
    throw fail({
      expected: 'a compiled model',
      received: 'a model without an optimizer',
      advice: 'Call model.compile({ optimizer, loss }) first.',
    });
  }
  const lists = [
    ...(['inputs', 'feedOutputShapes', 'lossFunctions', 'metricsNames', 'metricsTensors'] as const),
    ...(['layers', 'weights', 'trainableWeights', 'collectedTrainableWeights'] as const),
  ];
  const known =
    lists.every((field) => Array.isArray(inner[field])) &&
    inner.metricsTensors.length === inner.metricsNames.length - 1 &&
    typeof inner.calculateLosses === 'function';
  if (!known) {
    throw fail({
      expected: 'the internals of a LayersModel as in tfjs 4.0 to 4.22',
      received: 'a model with other internals',
      advice:
        'Use tfjs 4.0 to 4.22, or a newer @clr/tfjs. createTrainable(tf, { optimizer, … }) works with any version.',
    });
  }
  const gone = inner.weights.find(({ val }) => val.isDisposed);
  if (gone) {
    throw fail({
      expected: 'a model whose weights exist',
      received: `${gone.name}, which was disposed`,
      advice: 'Load or build the model again, and keep it until the training is over.',
    });
  }
  return inner;
}

/**
 * Refuses a model without weights to train, and one with layers that were frozen or thawed since `compile`: only
 * `compile` applies such a change.
 */
export function checkFrozen({ trainableWeights, collectedTrainableWeights: trained }: CompiledModel): void {
  if (trained.length === 0 && trainableWeights.length === 0) {
    throw fail({
      expected: 'a model with weights to train',
      received: 'a model whose layers are all frozen or have no weights',
      advice: 'Set `trainable` of a layer to true, then call model.compile() again.',
    });
  }
  const frozen = trained.find((weight) => !trainableWeights.includes(weight));
  const thawed = trainableWeights.find((weight) => !trained.includes(weight));
  if (frozen === undefined && thawed === undefined) return;
  throw fail({
    expected: '`trainable` of every layer to be unchanged since the model was compiled',
    received: frozen ? `${frozen.name}, which was frozen since` : `${thawed!.name}, which was thawed since`,
    advice:
      'Call model.compile() again. If models share layers, reset `trainable` to its value at compile before each step.',
  });
}

/** The parts of a compiled model that a snapshot holds. */
export function partsOf(model: CompiledModel): TrainingParts {
  const { weights, topology } = layerTree(model);
  const trained = model.collectedTrainableWeights.map(({ name, val }) => {
    const found = weights.find(({ tensor }) => tensor === val);
    if (found) return found;
    throw fail({
      expected: 'every trained weight to belong to a layer of the model',
      received: `${name}, which is in none`,
      advice: 'Call model.compile() again after changing its layers.',
    });
  });
  const stateful = statefulLayers(model);
  return { optimizer: model.optimizer, weights, trained, stateful, topology };
}

/** The loss of an output as passed to `compile`: a name or a function. */
export function lossOf({ loss, outputNames }: CompiledModel, index: number): LossName | undefined {
  if (typeof loss === 'string' || typeof loss === 'function') return loss;
  return Array.isArray(loss) ? loss[index] : loss[outputNames[index]!];
}

/** The metric that is an accuracy, if there is exactly one. */
export function accuracyIndex({ metricsNames }: CompiledModel): number | undefined {
  const found = metricsNames.flatMap((name, index) => (/(^|_)acc$|accuracy$/i.test(name) ? [index - 1] : []));
  return found.length === 1 ? found[0] : undefined;
}

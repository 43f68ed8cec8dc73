import type * as tfjs from '@tensorflow/tfjs';
import { fail } from './errors.ts';
import { type LayerInside, layerTree } from './layerTree.ts';
import { statefulLayers } from './statefulLayers.ts';
import type { TrainingParts } from './trainingParts.ts';

type LossName = string | LossOrMetric;
type LossOrMetric = (target: tfjs.Tensor, output: tfjs.Tensor) => tfjs.Tensor;

/** A weight of a layer, as tfjs keeps it. */
interface WeightInside {
  readonly name: string;
  readonly val: tfjs.Variable;
  /** The weight's constraint, such as `tf.constraints.nonNeg()`. */
  readonly constraint?: { apply(weight: tfjs.Tensor): tfjs.Tensor } | null;
}

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
      expected: 'the inside of a LayersModel as in tfjs 4.0 to 4.22',
      received: 'another',
      advice:
        'Use a 4.x that clr knows, or a newer @clr/tfjs; createTrainable(tf, { optimizer, … }) works with any.',
    });
  }
  const gone = inner.weights.find(({ val }) => val.isDisposed);
  if (gone) {
    throw fail({
      expected: 'a model whose weights are present',
      received: `${gone.name}, which was disposed`,
      advice: 'Keep the model until the training is over: load or build it again.',
    });
  }
  return inner;
}

/** Refuses a model with layers that were frozen or thawed since `compile`: only `compile` applies such a change. */
export function checkFrozen({ trainableWeights, collectedTrainableWeights: trained }: CompiledModel): void {
  const frozen = trained.find((weight) => !trainableWeights.includes(weight));
  const thawed = trainableWeights.find((weight) => !trained.includes(weight));
  if (frozen === undefined && thawed === undefined) return;
  throw fail({
    expected: '`trainable` of every layer as it was when the model was compiled',
    received: frozen ? `${frozen.name}, frozen since` : `${thawed!.name}, thawed since`,
    advice:
      'Call model.compile() again. Where two models share layers, set `trainable` back before each step, as it was at compile.',
  });
}

/** The parts of a compiled model that a snapshot holds. */
export function partsOf(model: CompiledModel): TrainingParts {
  const { weights, topology } = layerTree(model);
  const trained = model.collectedTrainableWeights.map(({ name, val }) => {
    const found = weights.find(({ tensor }) => tensor === val);
    if (found) return found;
    throw fail({
      expected: "every trained weight to be one of the model's layers'",
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

/** The one metric that is an accuracy, if there is just one. */
export function accuracyIndex({ metricsNames }: CompiledModel): number | undefined {
  const found = metricsNames.flatMap((name, index) => (/(^|_)acc$|accuracy$/i.test(name) ? [index - 1] : []));
  return found.length === 1 ? found[0] : undefined;
}

import type { ConstantTargets } from '@clr/core';
import { accuracyIndex, type CompiledModel, lossOf } from './layersModel.ts';
import type { TensorData } from './tensorData.ts';

/** The compiled losses whose best constant answer core knows. */
const losses = {
  categoricalCrossentropy: 'crossEntropy',
  sparseCategoricalCrossentropy: 'crossEntropy',
  binaryCrossentropy: 'binaryCrossEntropy',
  meanSquaredError: 'mse',
  meanAbsoluteError: 'l1',
} as const;

type KnownLoss = keyof typeof losses;

/** The model's loss if it has one output and a loss that core knows. */
export function knownLoss(model: CompiledModel): KnownLoss | undefined {
  const loss = lossOf(model, 0);
  const known = model.outputNames.length === 1 && typeof loss === 'string' && Object.hasOwn(losses, loss);
  return known ? (loss as KnownLoss) : undefined;
}

/** True if the model's accuracy is the share of examples whose class is the most likely one. */
export const countsClasses = (model: CompiledModel, loss: KnownLoss): boolean =>
  losses[loss] === 'crossEntropy' && accuracyIndex(model) !== undefined;

/** Converts a target to the form that core's `constantAnswer` takes. */
export function constantTargets(loss: KnownLoss, { values, shape }: TensorData): ConstantTargets {
  const kind = losses[loss];
  if (loss === 'sparseCategoricalCrossentropy') return { loss: 'crossEntropy', classes: values };
  if (kind === 'crossEntropy') return { loss: kind, shares: values, width: shape.at(-1) ?? 1 };
  return { loss: kind, values, width: values.length / (shape[0] ?? 1) };
}

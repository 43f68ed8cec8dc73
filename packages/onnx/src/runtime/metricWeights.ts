import type { MetricWeights } from '@clr/core';
import type { Term } from '../loss/terms.ts';
import type { TargetInfo, TrainingModel } from '../training/trainingModel.ts';
import type { Batch, Tensor } from './ort.ts';

/** The number of examples of a batch. */
export function examplesIn(model: TrainingModel, batch: Batch): number {
  const [info] = model.targets;
  return batch[info?.name ?? model.data[0]?.name ?? '']?.dims[0] ?? 1;
}

/**
 * The weights of a batch's loss and accuracy when several batches are averaged. Each is the number by which the batch's
 * mean was divided, so that the mean over several batches is that of one large batch. If several losses are summed,
 * their numbers differ, so the loss counts by examples.
 */
export function metricWeights(terms: readonly Term[], model: TrainingModel, batch: Batch): MetricWeights {
  const examples = examplesIn(model, batch);
  const [term] = terms;
  const [info] = model.targets;
  const target = info && batch[info.name];
  const alone = term !== undefined && terms.length === 1 && term.type !== 'model' && term.type !== 'ctc';
  const loss = alone && target ? divisorOf(term, target) : examples;
  // The accuracy is that of the first loss over classes.
  const classifier = terms
    .filter(({ type }) => type !== 'model')
    .findIndex(({ type }) => type === 'crossEntropy');
  const classes = model.targets[classifier];
  const labels = classes && batch[classes.name];
  return { loss, accuracy: labels ? positionsOf(classes, labels) : examples };
}

/** The number by which a mean loss was divided: the sum of the weights of the labels that count, or the elements. */
function divisorOf({ ignoreIndex, classWeights }: Term, target: Tensor): number {
  if ((ignoreIndex === undefined && !classWeights) || !isLabels(target)) return target.size;
  const left = ignoreIndex === undefined ? undefined : BigInt(ignoreIndex);
  let sum = 0;
  for (const label of target.data as BigInt64Array) {
    if (label !== left) sum += classWeights?.[Number(label)] ?? 1;
  }
  return sum;
}

/** The number of positions that the accuracy counts. */
function positionsOf({ ignored, axis = 1 }: TargetInfo, target: Tensor): number {
  if (!isLabels(target))
    return target.type === 'int64' ? target.size : target.size / (target.dims[axis] ?? 1);
  if (ignored === undefined) return target.size;
  const left = BigInt(ignored);
  let count = 0;
  for (const label of target.data as BigInt64Array) if (label !== left) count += 1;
  return count;
}

/** Whether a target holds class indices that can be read here. */
const isLabels = ({ type, location }: Tensor): boolean => type === 'int64' && location === 'cpu';

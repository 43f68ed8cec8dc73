import type { Term } from '../loss/terms.ts';
import type { TrainingModel } from '../training/trainingModel.ts';
import type { Batch, Tensor } from './ort.ts';

/** The sum of the weights of all labels that are not ignored. Mean cross-entropy divides by it. */
function labelWeights(labels: BigInt64Array, { ignoreIndex, classWeights }: Term): number {
  const left = ignoreIndex === undefined ? undefined : BigInt(ignoreIndex);
  let sum = 0;
  for (const label of labels) if (label !== left) sum += classWeights?.[Number(label)] ?? 1;
  return sum;
}

/**
 * The weight of a batch when one update averages several batches. It is the number by which the batch's mean loss was
 * divided. If several losses are summed, these numbers differ, so the weight is the number of examples.
 */
export function lossWeight(terms: readonly Term[], model: TrainingModel, batch: Batch): number {
  const [term] = terms;
  const [info] = model.targets;
  const target = terms.length === 1 && info ? batch[info.name] : undefined;
  if (!term || !target || term.type === 'ctc') return examplesIn(model, batch);
  return counts(term, target) ? labelWeights(target.data as BigInt64Array, term) : target.size;
}

/** The number of examples of a batch, or the sum of its label weights if labels have weights. */
export function examplesIn(model: TrainingModel, batch: Batch, terms: readonly Term[] = []): number {
  const [term] = terms;
  const [info] = model.targets;
  const counted = batch[info?.name ?? model.data[0]?.name ?? ''];
  if (counted && terms.length === 1 && term && counts(term, counted)) {
    return labelWeights(counted.data as BigInt64Array, term);
  }
  return counted?.dims[0] ?? 1;
}

/** Whether the labels of a target have weights. */
function counts({ ignoreIndex, classWeights }: Term, target: Tensor): boolean {
  return (
    (ignoreIndex !== undefined || classWeights !== undefined) &&
    target.type === 'int64' &&
    target.location === 'cpu'
  );
}

import type { Metrics } from '@clr/core';
import { fail } from '../errors.ts';
import type { Term } from '../loss/terms.ts';
import { show } from '../show.ts';
import type { Tensor } from './ort.ts';

// The smallest positive float32. It replaces probabilities of 0, which have no logarithm.
const least = 2 ** -149;
const logOf = (share: number): number => Math.log(Math.max(share, least));

/** Losses of single elements, as functions of a prediction and its target. */
const elementwise: Readonly<Record<string, (value: number, wanted: number, term: Term) => number>> = {
  mse: (value, wanted) => (value - wanted) ** 2,
  l1: (value, wanted) => Math.abs(value - wanted),
  huber: (value, wanted, { delta }) => {
    const distance = Math.abs(value - wanted);
    return distance <= delta ? distance ** 2 / 2 : delta * (distance - delta / 2);
  },
  bceWithLogits: (share, wanted) => -wanted * logOf(share) - (1 - wanted) * logOf(1 - share),
};

/**
 * The metrics of outputs against a target, equal to those of the evaluation model. Outputs are probabilities (for
 * `'crossEntropy'` and `'bceWithLogits'`) or values.
 *
 * @param dims - the outputs' shape
 * @param axis - the axis of the classes
 * @throws {ClrError} for outputs of another size
 */
export function scoreOutputs(
  term: Term,
  outputs: Float32Array,
  dims: readonly number[],
  target: Tensor['data'],
  axis: number,
): Metrics {
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (!(outputs instanceof Float32Array) || outputs.length !== size) {
    throw fail(
      `outputs to be a Float32Array of ${size} elements, the shape [${dims.join(', ')}]`,
      outputs instanceof Float32Array ? `${outputs.length} elements` : show(outputs),
      'Pass the outputs for this batch, or the mean of several outputs for it.',
    );
  }
  const lossOf = elementwise[term.type];
  if (!lossOf) return scoreClasses(term, outputs, dims, target, axis);
  let sum = 0;
  for (const [i, value] of outputs.entries()) sum += lossOf(value, Number(target[i]), term);
  return { loss: (term.weight * sum) / outputs.length };
}

/** Cross-entropy and accuracy. The target holds class indices, or distributions with the classes on an axis. */
function scoreClasses(
  { weight, ignoreIndex, classWeights, labelSmoothing }: Term,
  outputs: Float32Array,
  dims: readonly number[],
  target: Tensor['data'],
  axis: number,
): Metrics {
  const product = (sizes: readonly number[]): number => sizes.reduce((size, dim) => size * dim, 1);
  const examples = product(dims.slice(0, axis));
  const classes = dims[axis] ?? 1;
  const positions = product(dims.slice(axis + 1));
  const shares = target.length === outputs.length;
  let [loss, right, counted, total] = [0, 0, 0, 0];
  for (let example = 0; example < examples; example++) {
    for (let position = 0; position < positions; position++) {
      const index = example * positions + position;
      const label = shares ? 0 : Number(target[index]);
      if (!shares && label === ignoreIndex) continue;
      let [best, wanted] = [0, label];
      const at = (of: number): number => (example * classes + of) * positions + position;
      for (let of = 0; of < classes; of++) {
        const plain = shares ? Number(target[at(of)]) : of === label ? 1 : 0;
        const share = (1 - labelSmoothing) * plain + labelSmoothing / classes;
        if (share > 0) loss -= (classWeights?.[of] ?? 1) * share * logOf(outputs[at(of)] as number);
        if ((outputs[at(of)] as number) > (outputs[at(best)] as number)) best = of;
        if (shares && plain > Number(target[at(wanted)])) wanted = of;
      }
      counted++;
      total += shares ? 1 : (classWeights?.[label] ?? 1);
      if (best === wanted) right++;
    }
  }
  return { loss: (weight * loss) / total, accuracy: right / counted };
}

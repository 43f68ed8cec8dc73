import type { Metrics } from '@clr/core';
import { fail } from '../errors.ts';
import type { Loss } from '../loss/loss.ts';
import { show } from '../show.ts';
import type { Tensor } from './ort.ts';

// The least number above 0 in float32: probabilities that became 0 there have a logarithm still.
const least = 2 ** -149;

/**
 * The metrics of outputs against a target: what the evaluation model computes, from probabilities (for
 * `'crossEntropy'` and `'bceWithLogits'`) or values.
 *
 * @param dims - the outputs' shape: [N, C, …] for `'crossEntropy'`
 * @throws {ClrError} on outputs of another size
 */
export function scoreOutputs(
  loss: Loss,
  outputs: Float32Array,
  dims: readonly number[],
  target: Tensor['data'],
): Metrics {
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (!(outputs instanceof Float32Array) || outputs.length !== size) {
    throw fail(
      `outputs to be a Float32Array of ${size} elements, the shape [${dims.join(', ')}]`,
      outputs instanceof Float32Array ? `${outputs.length} elements` : show(outputs),
      'Pass the outputs of this batch, or a mean of several.',
    );
  }
  if (loss === 'crossEntropy') return scoreClasses(outputs, dims, target);
  let sum = 0;
  for (const [i, value] of outputs.entries()) {
    const wanted = Number(target[i]);
    sum +=
      loss === 'mse'
        ? (value - wanted) ** 2
        : -wanted * Math.log(Math.max(value, least)) - (1 - wanted) * Math.log(Math.max(1 - value, least));
  }
  return { loss: sum / outputs.length };
}

/** Cross-entropy and accuracy, the target class indices [N, …] or shares [N, C, …]. */
function scoreClasses(
  outputs: Float32Array,
  [examples = 0, classes = 1, ...rest]: readonly number[],
  target: Tensor['data'],
): Metrics {
  const positions = rest.reduce((product, dim) => product * dim, 1);
  const shares = target.length === outputs.length;
  let [loss, right] = [0, 0];
  for (let example = 0; example < examples; example++) {
    for (let position = 0; position < positions; position++) {
      const index = example * positions + position;
      let [best, wanted] = [0, shares ? 0 : Number(target[index])];
      const at = (of: number): number => (example * classes + of) * positions + position;
      for (let of = 0; of < classes; of++) {
        const share = shares ? Number(target[at(of)]) : of === wanted ? 1 : 0;
        if (share > 0) loss -= share * Math.log(Math.max(outputs[at(of)] as number, least));
        if ((outputs[at(of)] as number) > (outputs[at(best)] as number)) best = of;
        if (shares && share > Number(target[at(wanted)])) wanted = of;
      }
      if (best === wanted) right++;
    }
  }
  const count = examples * positions;
  return { loss: loss / count, accuracy: right / count };
}

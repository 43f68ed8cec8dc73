import type { ConstantTargets } from '@clr/core';
import type { Term } from '../loss/terms.ts';
import type { Tensor } from './ort.ts';

/** Whether `@clr/core` can compute the best constant answer for a loss. */
export function hasConstantAnswer({ type, weight, classWeights, labelSmoothing }: Term): boolean {
  return (
    type !== 'huber' &&
    type !== 'ctc' &&
    type !== 'model' &&
    weight === 1 &&
    !classWeights &&
    labelSmoothing === 0
  );
}

/**
 * Converts a target for core's `constantAnswer`: class indices, distributions with the classes on an axis, or values
 * [N, …]. Ignored labels are left out.
 */
export async function constantTargets(
  { type, ignoreIndex }: Term,
  target: Tensor,
  axis: number,
): Promise<ConstantTargets> {
  const data = await target.getData();
  const { dims } = target;
  if (data instanceof BigInt64Array) {
    const left = ignoreIndex === undefined ? undefined : BigInt(ignoreIndex);
    const classes = left === undefined ? data : data.filter((label) => label !== left);
    return { loss: 'crossEntropy', classes };
  }
  const values = data as Float32Array | Float64Array;
  if (type === 'crossEntropy') {
    const stride = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
    return { loss: type, shares: values, width: dims[axis] ?? 1, stride };
  }
  const width = values.length / (dims[0] ?? 1);
  return { loss: type === 'mse' || type === 'l1' ? type : 'binaryCrossEntropy', values, width };
}

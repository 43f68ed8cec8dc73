import type { ConstantTargets } from '@clr/core';
import type { Loss } from '../loss/loss.ts';
import type { Tensor } from './ort.ts';

/** A target as core's `constantAnswer` reads it: class indices [N, …], shares [N, C, …], or values [N, …]. */
export async function constantTargets(loss: Extract<Loss, string>, target: Tensor): Promise<ConstantTargets> {
  const data = await target.getData();
  const [examples = 1, width = 1, ...rest] = target.dims;
  if (data instanceof BigInt64Array) return { loss: 'crossEntropy', classes: data };
  const values = data as Float32Array | Float64Array;
  if (loss === 'crossEntropy') {
    return { loss, shares: values, width, stride: rest.reduce((product, dim) => product * dim, 1) };
  }
  const kind = loss === 'mse' ? 'mse' : 'binaryCrossEntropy';
  return { loss: kind, values, width: values.length / examples };
}

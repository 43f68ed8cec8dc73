import { int } from '../../format/attributes.ts';
import { axisOf, inputOf } from '../../graph/infer.ts';
import { always, type Row } from '../row.ts';

/** WebGPU has no LogSoftmax, so the data would go to the CPU and back in every step. */
export const logSoftmaxInParts: Row = {
  operator: 'LogSoftmax',
  form: 'in parts',
  where: 'webgpu',
  because: 'the provider has no kernel for it',
  applies: always,
  write: (node, b) => {
    const x = inputOf(node, 0);
    const axis = axisOf(int(node, 'axis', -1), b.rank(x));
    const shifted = b.sub(x, b.reduce('ReduceMax', x, [axis], true));
    const sum = b.reduceSum(b.exp(shifted), [axis], true);
    b.emitAs('Sub', [shifted, b.log(sum)], {}, node.output[0] as string);
    return undefined;
  },
};

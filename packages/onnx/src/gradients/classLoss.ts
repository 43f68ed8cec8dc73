import { attribute, int, text } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import { inputOf } from '../graph/infer.ts';
import type { GradientContext, Infer, Operators, StoredAs } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';
import { byDecomposition } from './decompose.ts';

/** The loss is a scalar, or has one element for each position. A second output has the shape of the scores. */
const reduced: Infer = (node, b) => {
  const { type } = b.type(inputOf(node, 0));
  const whole = text(node, 'reduction', 'mean') !== 'none';
  return [
    { type, dims: whole ? [] : b.dims(inputOf(node, 1)) },
    { type, dims: b.dims(inputOf(node, 0)) },
  ];
};

/**
 * −w[t]·x[t] for log-probabilities x [N, C, …] and classes t [N, …]. The result is one loss for each position, the
 * sum of these losses, or this sum divided by the sum of the weights. Positions of class `ignore_index` have weight
 * 0, even if that number is not a class.
 */
function lossOf({ node, x }: GradientContext, b: Ops, logs: string): string {
  const given = b.cast(x(1), DataType.INT64);
  const ignored = attribute(node, 'ignore_index')
    ? b.equal(given, b.int(int(node, 'ignore_index', 0)))
    : undefined;
  const classes = ignored === undefined ? given : b.where(ignored, b.int(0), given);
  const picked = b.emit('GatherElements', [logs, b.unsqueeze(classes, [1])], { axis: 1 });
  let weights = inputOf(node, 2) === '' ? undefined : b.emit('Gather', [x(2), classes], { axis: 0 });
  if (ignored !== undefined) weights = b.where(ignored, b.scalar(0, logs), weights ?? b.scalar(1, logs));
  const losses = b.neg(b.squeeze(picked, [1]));
  const weighed = weights === undefined ? losses : b.mul(losses, weights);
  switch (text(node, 'reduction', 'mean')) {
    case 'none':
      return weighed;
    case 'sum':
      return b.sumAll(weighed);
    default:
      return weights === undefined
        ? b.emit('ReduceMean', [weighed], { keepdims: 0 })
        : b.div(b.sumAll(weighed), b.sumAll(weights));
  }
}

const roles = {
  differentiable: [0, 2],
  zeroDerivative: { 1: 'classes' },
  // Class weights are not trained by default.
  storedAs: (input: number) => (input === 2 ? 'constant' : 'weight') as StoredAs,
};

/** Classification losses that ONNX has as operators. */
export const classLoss: Operators = {
  NegativeLogLikelihoodLoss: {
    infer: reduced,
    ...roles,
    gradient: (c) => byDecomposition(c, (b) => [lossOf(c, b, c.x(0))]),
  },
  SoftmaxCrossEntropyLoss: {
    infer: reduced,
    ...roles,
    gradient: (c) =>
      byDecomposition(c, (b) => {
        const logs = b.emit('LogSoftmax', [c.x(0)], { axis: 1 });
        return [lossOf(c, b, logs), logs];
      }),
  },
};

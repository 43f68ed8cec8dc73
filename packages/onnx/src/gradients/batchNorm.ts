import type { NodeProto } from '../generated/onnx_pb.ts';
import { attribute, float, int } from '../graph/attributes.ts';
import { inputOf } from '../graph/infer.ts';
import type { GradientContext, Operators } from '../graph/operator.ts';
import { overChannels, standardize } from './normalize.ts';

const trains = (node: NodeProto): boolean => int(node, 'training_mode', 0) === 1;

/** All axes but the channels'. */
const batchAxes = (rank: number): number[] =>
  Array.from({ length: rank }, (_, i) => i).filter((i) => i !== 1);

/** Training form: statistics of the batch. The means that the input's gradient needs are the other two's sums. */
function trainingBack({ b, node, x, g, needs }: GradientContext): (string | undefined)[] {
  const rank = b.rank(x(0));
  const axes = batchAxes(rank);
  const { hat, scale } = standardize(b, x(0), axes, float(node, 'epsilon', 1e-5));
  const slope = b.reduceSum(b.mul(g(0), hat), axes);
  const shift = b.reduceSum(g(0), axes);
  const back = (): string => {
    const share = b.div(b.castLike(b.count(x(1)), x(0)), b.castLike(b.count(x(0)), x(0)));
    const mean = (sum: string): string => overChannels(b, b.mul(sum, share), rank);
    const centred = b.sub(b.sub(g(0), mean(shift)), b.mul(hat, mean(slope)));
    return b.mul(centred, b.mul(scale, overChannels(b, x(1), rank)));
  };
  return [needs(0) ? back() : undefined, needs(1) ? slope : undefined, needs(2) ? shift : undefined];
}

/** Inference form: a fixed line for each channel. */
function frozenBack({ b, node, x, g, needs }: GradientContext): (string | undefined)[] {
  const rank = b.rank(x(0));
  const axes = batchAxes(rank);
  const epsilon = b.scalar(float(node, 'epsilon', 1e-5), x(4));
  const scale = b.reciprocal(b.sqrt(b.add(x(4), epsilon)));
  const wide = (vector: string): string => overChannels(b, vector, rank);
  const hat = (): string => b.mul(b.sub(x(0), wide(x(3))), wide(scale));
  return [
    needs(0) ? b.mul(g(0), wide(b.mul(scale, x(1)))) : undefined,
    needs(1) ? b.reduceSum(b.mul(g(0), hat()), axes) : undefined,
    needs(2) ? b.reduceSum(g(0), axes) : undefined,
  ];
}

/** Batch normalisation, in training form (statistics of the batch) and frozen (running statistics). */
export const batchNorm: Operators = {
  BatchNormalization: {
    infer: (node, b) => {
      const { type, dims } = b.type(inputOf(node, 0));
      const running = b.type(inputOf(node, 3));
      return [{ type, dims }, running, running];
    },
    differentiable: [0, 1, 2],
    gradient: (c) => (trains(c.node) ? trainingBack(c) : frozenBack(c)),
    state: (node) =>
      trains(node)
        ? [
            { input: 3, output: 1 },
            { input: 4, output: 2 },
          ]
        : [],
    toInference: (node) => {
      const mode = attribute(node, 'training_mode');
      if (mode) mode.i = 0n;
      node.output = node.output.slice(0, 1);
    },
  },
};

import { float, int, makeAttribute } from '../format/attributes.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { inputOf } from '../graph/infer.ts';
import type { GradientContext, Operators } from '../graph/operator.ts';
import { overChannels } from './normalize.ts';

const trains = (node: NodeProto): boolean => int(node, 'training_mode', 0) === 1;

/** All axes except the channel axis. */
const batchAxes = (rank: number): number[] =>
  Array.from({ length: rank }, (_, i) => i).filter((i) => i !== 1);

/**
 * The mean and variance of the batch, [C] each. To avoid reducing x a second time, this function sets the momentum of
 * the node to 0. The node then outputs the batch's mean and variance in place of its running statistics, and further
 * nodes compute the running statistics. If another node reads the running statistics, the mean and variance are
 * reduced here instead.
 */
function batchStatistics({ b, node, x }: GradientContext, axes: readonly number[]): [string, string] {
  const [y = '', ...running] = node.output;
  if (running.some((name) => name !== '' && b.nodes.some(({ input }) => input.includes(name)))) {
    const center = b.reduceMean(x(0), axes, true);
    return [b.reduceMean(x(0), axes), b.reduceMean(b.square(b.sub(x(0), center)), axes)];
  }
  const kept = float(node, 'momentum', 0.9);
  const now = [3, 4].map((input) => {
    const { type, dims } = b.type(x(input));
    return b.declare(b.uniqueName('statistic'), type, dims);
  }) as [string, string];
  node.attribute = node.attribute.filter(({ name }) => name !== 'momentum');
  node.attribute.push(makeAttribute('momentum', { float: 0 }));
  node.output = [y, ...now];
  const olds = [x(3), x(4)];
  // ONNX Runtime overwrites the running statistics that the node reads, so the node gets zeros instead. With a momentum
  // of 0, it ignores their values.
  const added = b.collect(() => node.input.splice(3, 2, ...olds.map((old) => b.sub(old, old))));
  b.nodes.splice(b.nodes.indexOf(node), 0, ...added);
  running.forEach((name, i) => {
    if (name === '') return;
    const [before, current] = [olds[i] as string, now[i] as string];
    const parts = [b.mul(before, b.scalar(kept, before)), b.mul(current, b.scalar(1 - kept, current))];
    b.emitAs('Add', parts, {}, name);
  });
  return now;
}

/**
 * The gradient in training mode. The running statistics are momentum·old + (1 − momentum)·(mean or variance of the
 * batch).
 */
function trainingBack(c: GradientContext): (string | null | undefined)[] {
  const { b, node, x, g, needs, used } = c;
  const kept = float(node, 'momentum', 0.9);
  const [runningMean, runningVariance] = [1, 2].map((i) => (used(i) ? g(i) : undefined));
  const [mean, variance] = batchStatistics(c, batchAxes(b.rank(x(0))));
  const [throughY, slope, shift] = b.emitAll(
    'clr:BatchNormGrad',
    [x(0), x(1), mean, variance, g(0)],
    { epsilon: { float: float(node, 'epsilon', 1e-5) } },
    3,
  ) as [string, string, string];
  const back = (): string => {
    const wide = (gradient: string, factor: number): string => {
      const share = b.div(b.castLike(b.count(x(1)), x(0)), b.castLike(b.count(x(0)), x(0)));
      const each = b.mul(b.castLike(gradient, x(0)), b.mul(share, b.scalar(factor * (1 - kept), x(0))));
      return overChannels(b, each, b.rank(x(0)));
    };
    const centered = (): string => b.sub(x(0), overChannels(b, b.castLike(mean, x(0)), b.rank(x(0))));
    const throughMean = runningMean ? b.add(throughY, wide(runningMean, 1)) : throughY;
    return runningVariance ? b.add(throughMean, b.mul(centered(), wide(runningVariance, 2))) : throughMean;
  };
  const old = (gradient: string | undefined): string | null =>
    gradient === undefined ? null : b.mul(gradient, b.scalar(kept, gradient));
  return [
    needs(0) ? back() : undefined,
    needs(1) ? slope : undefined,
    needs(2) ? shift : undefined,
    needs(3) ? old(runningMean) : undefined,
    needs(4) ? old(runningVariance) : undefined,
  ];
}

/**
 * The gradient in inference mode. The output is γ·(x − mean)/√(variance + ε) + β, with a given mean and variance for
 * each channel.
 */
function frozenBack({ b, node, x, g, needs }: GradientContext): (string | undefined)[] {
  const rank = b.rank(x(0));
  const axes = batchAxes(rank);
  const epsilon = b.scalar(float(node, 'epsilon', 1e-5), x(4));
  const scale = b.reciprocal(b.sqrt(b.add(x(4), epsilon)));
  const wide = (vector: string): string => overChannels(b, vector, rank);
  const hat = (): string => b.mul(b.sub(x(0), wide(x(3))), wide(scale));
  // d/dv 1/√(v + ε) = −½·(v + ε)^−3/2
  const spread = (): string => b.mul(b.mul(b.square(scale), x(1)), b.scalar(-0.5, scale));
  return [
    needs(0) ? b.mul(g(0), wide(b.mul(scale, x(1)))) : undefined,
    needs(1) ? b.reduceSum(b.mul(g(0), hat()), axes) : undefined,
    needs(2) ? b.reduceSum(g(0), axes) : undefined,
    needs(3) ? b.neg(b.reduceSum(b.mul(g(0), wide(b.mul(scale, x(1)))), axes)) : undefined,
    needs(4) ? b.mul(b.reduceSum(b.mul(g(0), hat()), axes), spread()) : undefined,
  ];
}

/**
 * Batch normalisation, in training mode (with the statistics of the batch) and in inference mode (with running
 * statistics).
 */
export const batchNorm: Operators = {
  BatchNormalization: {
    infer: (node, b) => {
      const { type, dims } = b.type(inputOf(node, 0));
      const running = b.type(inputOf(node, 3));
      return [{ type, dims }, running, running];
    },
    differentiable: [0, 1, 2, 3, 4],
    storedAs: (input) => (input > 2 ? 'statistic' : 'weight'),
    gradient: (c) => (trains(c.node) ? trainingBack(c) : frozenBack(c)),
    state: (node) =>
      trains(node)
        ? [
            { input: 3, output: 1 },
            { input: 4, output: 2 },
          ]
        : [],
    toInference: (node) => {
      node.attribute = node.attribute.filter(({ name }) => name !== 'training_mode');
      node.output = node.output.slice(0, 1);
    },
  },
};

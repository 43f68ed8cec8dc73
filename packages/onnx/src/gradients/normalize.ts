import { float, int, ints } from '../format/attributes.ts';
import type { Dim } from '../graph/dim.ts';
import { axesOf, axisOf, inputOf, sameAsInput } from '../graph/infer.ts';
import type { GradientContext, Operators } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';

/** x̂ = (x − mean)/√(var + ε) over some axes, with the factors that its gradient needs. */
interface Standardized {
  readonly hat: string;
  /** 1/√(var + ε), with the reduced axes kept. */
  readonly scale: string;
}

/** Standardises `x` over `axes`, as the forward pass did. */
export function standardize(b: Ops, x: string, axes: readonly number[], epsilon: number): Standardized {
  const centred = b.sub(x, b.reduceMean(x, axes, true));
  const variance = b.reduceMean(b.square(centred), axes, true);
  const scale = b.reciprocal(b.sqrt(b.add(variance, b.scalar(epsilon, x))));
  return { hat: b.mul(centred, scale), scale };
}

/** The input gradient of standardisation: scale·(g − mean(g) − x̂·mean(g·x̂)). */
export function standardizeBack(
  b: Ops,
  g: string,
  { hat, scale }: Standardized,
  axes: readonly number[],
): string {
  const mean = b.reduceMean(g, axes, true);
  const slope = b.reduceMean(b.mul(g, hat), axes, true);
  return b.mul(b.sub(b.sub(g, mean), b.mul(hat, slope)), scale);
}

/** Reshapes a vector of channels to [1, C, 1, …] so that it broadcasts along axis 1 of a tensor of `rank` axes. */
export function overChannels(b: Ops, vector: string, rank: number): string {
  return rank <= 2
    ? vector
    : b.unsqueeze(
        vector,
        Array.from({ length: rank - 2 }, (_, i) => i + 1),
      );
}

const axesFrom = (start: number, rank: number): number[] =>
  Array.from({ length: rank - start }, (_, i) => i + start);

function layerNormBack(c: GradientContext): (string | undefined)[] {
  const { b, node, x, g, needs, used } = c;
  const rank = b.rank(x(0));
  const axes = axesFrom(axisOf(int(node, 'axis', -1), rank), rank);
  const normal = standardize(b, x(0), axes, float(node, 'epsilon', 1e-5));
  const [ofMean, ofScale] = [1, 2].map((i) => (used(i) ? g(i) : undefined));
  const back = (): string => {
    // Each of the n values changes the mean by 1/n, and 1/√(var + ε) by −x̂/(var + ε)/n.
    const share = (gradient: string): string =>
      b.div(
        b.mul(b.castLike(gradient, x(0)), b.castLike(b.count(gradient), x(0))),
        b.castLike(b.count(x(0)), x(0)),
      );
    const throughY = standardizeBack(b, b.mul(g(0), x(1)), normal, axes);
    const throughMean = ofMean ? b.add(throughY, share(ofMean)) : throughY;
    if (!ofScale) return throughMean;
    return b.sub(throughMean, b.mul(b.mul(share(ofScale), b.square(normal.scale)), normal.hat));
  };
  return [
    needs(0) ? back() : undefined,
    needs(1) ? b.sumTo(b.mul(g(0), normal.hat), x(1)) : undefined,
    needs(2) ? b.sumTo(g(0), x(2)) : undefined,
  ];
}

function instanceNormBack(c: GradientContext): (string | undefined)[] {
  const { b, node, x, g, needs } = c;
  const rank = b.rank(x(0));
  const axes = axesFrom(2, rank);
  const normal = standardize(b, x(0), axes, float(node, 'epsilon', 1e-5));
  return [
    needs(0) ? standardizeBack(b, b.mul(g(0), overChannels(b, x(1), rank)), normal, axes) : undefined,
    needs(1) ? b.reduceSum(b.mul(g(0), normal.hat), [0, ...axes]) : undefined,
    needs(2) ? b.reduceSum(g(0), [0, ...axes]) : undefined,
  ];
}

/** Splits channels into groups, [N, C, …] → [N, groups, rest], and standardises over the rest. */
function groupNormBack(c: GradientContext): (string | undefined)[] {
  const { b, node, x, g, needs } = c;
  const rank = b.rank(x(0));
  const groups = int(node, 'num_groups', 1);
  // Up to opset 20, scale and bias have one element per group. Since opset 21, they have one element per channel.
  const perGroup = b.opset < 21;
  const grouped = (value: string): string => b.reshape(value, [0, groups, -1]);
  const normal = standardize(b, grouped(x(0)), [2], float(node, 'epsilon', 1e-5));
  const scaled = perGroup
    ? b.mul(grouped(g(0)), b.unsqueeze(x(1), [1]))
    : grouped(b.mul(g(0), overChannels(b, x(1), rank)));
  const toVector = (value: string): string =>
    perGroup
      ? b.reduceSum(value, [0, 2])
      : b.reduceSum(b.reshapeLike(value, x(0)), [0, ...axesFrom(2, rank)]);
  return [
    needs(0) ? b.reshapeLike(standardizeBack(b, scaled, normal, [2]), x(0)) : undefined,
    needs(1) ? toVector(b.mul(grouped(g(0)), normal.hat)) : undefined,
    needs(2) ? toVector(grouped(g(0))) : undefined,
  ];
}

/** x/‖x‖ₚ along one axis. Zero vectors stay 0. */
function lpNormBack(c: GradientContext): string[] {
  const { b, node, x, y, g } = c;
  const axis = axisOf(int(node, 'axis', -1), b.rank(x(0)));
  const p = int(node, 'p', 2);
  const zero = b.scalar(0, x(0));
  const norm = b.reduce(p === 1 ? 'ReduceL1' : 'ReduceL2', x(0), [axis], true);
  const isZero = b.equal(norm, zero);
  const safe = b.where(isZero, b.scalar(1, norm), norm);
  const along = b.reduceSum(b.mul(g(0), y(0)), [axis], true);
  const direction = p === 1 ? b.sign(x(0)) : y(0);
  return [b.where(isZero, zero, b.div(b.sub(g(0), b.mul(direction, along)), safe))];
}

/** x/√(mean(x²) + ε)·scale over the last axes. */
function rmsNormBack(c: GradientContext): (string | undefined)[] {
  const { b, node, x, g, needs } = c;
  const rank = b.rank(x(0));
  const axes = axesFrom(axisOf(int(node, 'axis', -1), rank), rank);
  const square = b.reduceMean(b.square(x(0)), axes, true);
  const epsilon = b.scalar(float(node, 'epsilon', 1e-5), x(0));
  const scale = b.reciprocal(b.sqrt(b.add(square, epsilon)));
  const hat = b.mul(x(0), scale);
  const back = (): string => {
    const scaled = b.mul(g(0), x(1));
    const slope = b.reduceMean(b.mul(scaled, hat), axes, true);
    return b.mul(b.sub(scaled, b.mul(hat, slope)), scale);
  };
  return [needs(0) ? back() : undefined, needs(1) ? b.sumTo(b.mul(g(0), hat), x(1)) : undefined];
}

/**
 * Local response normalisation across channels: y = x·d^−β, d = bias + α/size·Σ x² over `size` neighbours. The sum over
 * neighbours is written as an average pool along the channels, and so is its gradient.
 */
function lrnBack(c: GradientContext): string[] {
  const { b, node, x, g } = c;
  const size = int(node, 'size', 1);
  const alpha = float(node, 'alpha', 1e-4);
  const beta = float(node, 'beta', 0.75);
  const bias = float(node, 'bias', 1);
  const neighbours = (value: string, before: number, after: number): string => {
    const flat = b.unsqueeze(b.reshape(value, [0, 0, -1]), [1]);
    const pooled = b.emit('AveragePool', [flat], {
      kernel_shape: [size, 1],
      pads: [before, 0, after, 0],
      count_include_pad: 1,
    });
    return b.reshapeLike(b.squeeze(pooled, [1]), value);
  };
  const [low, high] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
  const scalar = (value: number): string => b.scalar(value, x(0));
  // The pool divides by `size`, as the definition does.
  const d = b.add(b.mul(neighbours(b.square(x(0)), low, high), scalar(alpha)), scalar(bias));
  const power = b.pow(d, scalar(-beta));
  const inner = b.div(b.mul(b.mul(g(0), x(0)), power), d);
  const around = b.mul(neighbours(inner, high, low), scalar(2 * alpha * beta));
  return [b.sub(b.mul(g(0), power), b.mul(x(0), around))];
}

/** Normalisations over the axes of one example. */
export const normalize: Operators = {
  LayerNormalization: {
    infer: (node, b) => {
      const { type, dims } = b.type(inputOf(node, 0));
      const axis = dims && axisOf(int(node, 'axis', -1), dims.length);
      const kept = dims?.map((dim, i): Dim => (axis !== undefined && i >= axis ? 1 : dim));
      return [
        { type, dims },
        { type: int(node, 'stash_type', 1), dims: kept },
        { type: int(node, 'stash_type', 1), dims: kept },
      ];
    },
    gradient: layerNormBack,
    differentiable: [0, 1, 2],
  },
  InstanceNormalization: { infer: sameAsInput, gradient: instanceNormBack, differentiable: [0, 1, 2] },
  GroupNormalization: { infer: sameAsInput, gradient: groupNormBack, differentiable: [0, 1, 2] },
  RMSNormalization: { infer: sameAsInput, gradient: rmsNormBack, differentiable: [0, 1] },
  LpNormalization: { infer: sameAsInput, gradient: lpNormBack, differentiable: [0] },
  LRN: { infer: sameAsInput, gradient: lrnBack, differentiable: [0] },
  MeanVarianceNormalization: {
    infer: sameAsInput,
    differentiable: [0],
    gradient: ({ b, node, x, g }) => {
      const axes = axesOf(ints(node, 'axes') ?? [0, 2, 3], b.rank(x(0)));
      // ONNX adds ε = 1e-9 to the deviation. In float32, an ε that small is lost unless the deviation is tiny, so ε is
      // 0 here.
      return [standardizeBack(b, g(0), standardize(b, x(0), axes, 0), axes)];
    },
  },
};

import { float } from '../format/attributes.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import type { Ops } from '../graph/ops.ts';
import { always, type Row } from './row.ts';

/** The parameters of an affine map, as vectors [C]: (value − mean)/√(variance + ε)·slope + offset. */
interface Line {
  readonly slope?: string;
  readonly offset?: string;
  readonly mean?: string;
  readonly variance?: string;
  readonly epsilon?: number;
}

/** Emits the affine map of a value. */
type Along = (b: Ops, value: string, by: Required<Line>) => string;

/**
 * s·(g − (x̂·Σ(g·x̂)/n + Σg/n)) over the n values of a channel, with x̂ = (x − mean)/√(var + ε) and s = γ/√(var + ε).
 * The two sums are the gradients of scale and bias.
 */
function gradients(node: NodeProto, b: Ops, along: Along): string[] {
  const [x, scale, mean, variance, g] = node.input as [string, string, string, string, string];
  const epsilon = float(node, 'epsilon', 1e-5);
  const axes = b.shape(x).flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const filled = (number: number): string => b.filled(b.shapeOf(scale), number, x);
  const line = (value: string, { slope, offset, mean, variance, epsilon = 0 }: Line): string =>
    along(b, value, {
      slope: slope ?? filled(1),
      offset: offset ?? filled(0),
      mean: mean ?? filled(0),
      variance: variance ?? filled(1),
      epsilon,
    });
  const hat = line(x, { mean, variance, epsilon });
  const slope = b.reduceSum(b.mul(g, hat), axes);
  const shift = b.reduceSum(g, axes);
  // 1/n for the n values of a channel. It is shared by all inputs of the same shape.
  const share = b.memo(`share of ${b.shape(x).join()} in ${b.type(x).type}`, () =>
    b.div(b.castLike(b.count(scale), x), b.castLike(b.count(x), x)),
  );
  const means = line(hat, { slope: b.mul(slope, share), offset: b.mul(shift, share) });
  return [line(b.sub(g, means), { slope: scale, variance, epsilon }), slope, shift];
}

/** The gradients, written as simpler operators. */
const inParts: Row = {
  operator: 'clr:BatchNormGrad',
  form: 'in parts',
  where: 'webgpu',
  because: 'WebGPU runs its batch normalisation more slowly than the separate operators',
  applies: always,
  write: (node, b) =>
    gradients(node, b, (b, value, { slope, offset, mean, variance, epsilon }) => {
      const across = b
        .shape(value)
        .slice(2)
        .map((_, i) => i + 1);
      const wide = (vector: string): string => b.unsqueeze(vector, across);
      const scale = b.div(slope, b.sqrt(b.add(variance, b.scalar(epsilon, variance))));
      return b.add(b.mul(b.sub(value, wide(mean)), wide(scale)), wide(offset));
    }),
};

/** Each affine map is one BatchNormalization in inference mode, which takes one pass over the values. */
const inOnePass: Row = {
  operator: 'clr:BatchNormGrad',
  form: 'by batch normalisations',
  where: 'everywhere',
  because:
    'the fallback: works for every node and on every target, in one pass over the values; the separate operators take three',
  applies: always,
  write: (node, b) =>
    gradients(node, b, (b, value, { slope, offset, mean, variance, epsilon }) =>
      b.emit('BatchNormalization', [value, slope, offset, mean, variance], {
        epsilon: { float: epsilon },
      }),
    ),
};

/** The gradient of batch normalisation in training mode. */
export const batchNormGrad: readonly Row[] = [inParts, inOnePass];

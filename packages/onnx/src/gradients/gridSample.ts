import { int, text } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import { inputOf } from '../graph/infer.ts';
import type { GradientContext, Infer, Operators } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';
import { byDecomposition } from './decompose.ts';

/** For each sample, the contributing pixels along one axis and their weights: [N, taps, samples] each. */
interface Taps {
  readonly index: string;
  readonly weight: string;
}

/** One axis of the image: its size as a float scalar, and the positions of its borders. */
interface Axis {
  readonly size: string;
  readonly low: string;
  readonly high: string;
}

const infer: Infer = (node, b) => {
  const { type, dims } = b.type(inputOf(node, 0));
  const grid = b.dims(inputOf(node, 1));
  return [{ type, dims: dims && grid && [...dims.slice(0, 2), ...grid.slice(1, -1)] }];
};

/** Opsets 16 and 20 name the modes differently. */
const modes: Readonly<Record<string, 'linear' | 'cubic' | 'nearest'>> = {
  bilinear: 'linear',
  linear: 'linear',
  bicubic: 'cubic',
  cubic: 'cubic',
  nearest: 'nearest',
};

function axisOf(b: Ops, x: string, grid: string, at: number, aligned: boolean): Axis {
  const size = b.castLike(b.squeeze(b.sizeAt(x, at), [0]), grid);
  const last = b.sub(size, b.scalar(1, grid));
  const half = b.scalar(0.5, grid);
  return aligned
    ? { size, low: b.scalar(0, grid), high: last }
    : { size, low: b.neg(half), high: b.add(last, half) };
}

/** Reflects positions at the two borders until they lie between the borders. */
function reflect(b: Ops, u: string, { low, high }: Axis): string {
  // With aligned corners, an axis of one pixel has width 0. Every position becomes 0.
  const range = b.emit('Max', [b.sub(high, low), b.scalar(1, u)]);
  const distance = b.abs(b.sub(u, low));
  const turns = b.emit('Floor', [b.div(distance, range)]);
  const rest = b.sub(distance, b.mul(turns, range));
  const odd = b.greater(b.emit('Mod', [turns, b.scalar(2, u)], { fmod: 1 }), b.scalar(0.5, u));
  return b.add(low, b.where(odd, b.sub(range, rest), rest));
}

const clamp = (b: Ops, u: string, { size }: Axis): string =>
  b.emit('Max', [b.emit('Min', [u, b.sub(size, b.scalar(1, u))]), b.scalar(0, u)]);

/**
 * The weights of the 4 neighbours of a sample: Keys' kernel with a = −¾. The sample is at distance t in [0, 1) from the
 * second neighbour.
 */
function cubicWeights(b: Ops, t: string): string[] {
  const a = -0.75;
  const polynomial = (s: string, ...coefficients: number[]): string =>
    coefficients
      .slice(1)
      .reduce(
        (sum, coefficient) => b.add(b.mul(sum, s), b.scalar(coefficient, t)),
        b.scalar(coefficients[0] as number, t),
      );
  const near = (s: string): string => polynomial(s, a + 2, -(a + 3), 0, 1);
  const far = (s: string): string => polynomial(s, a, -5 * a, 8 * a, -4 * a);
  const one = b.scalar(1, t);
  const left = b.sub(one, t);
  return [far(b.add(t, one)), near(t), near(left), far(b.add(left, one))];
}

/** The contributing pixels of an axis and their weights, for samples at positions `u` [N, samples]. */
function tapsOf({ node }: GradientContext, b: Ops, u: string, axis: Axis): Taps {
  const padding = text(node, 'padding_mode', 'zeros');
  const mode = modes[text(node, 'mode', 'linear')] ?? 'linear';
  const first = b.emit(mode === 'nearest' ? 'Round' : 'Floor', [u]);
  const t = b.sub(u, first);
  const one = b.scalar(1, u);
  const [offsets, weights] = {
    nearest: () => [[0], [b.expandLike(one, u)]] as const,
    linear: () =>
      [
        [0, 1],
        [b.sub(one, t), t],
      ] as const,
    cubic: () => [[-1, 0, 1, 2], cubicWeights(b, t)] as const,
  }[mode]();
  const stack = (parts: readonly string[]): string =>
    b.concat(
      parts.map((part) => b.unsqueeze(part, [1])),
      1,
    );
  const pixels = stack(offsets.map((offset) => (offset === 0 ? first : b.add(first, b.scalar(offset, u)))));
  // The interpolation kernels are symmetric, so pixels can be reflected instead of samples.
  const pixel = clamp(b, padding === 'reflection' ? reflect(b, pixels, axis) : pixels, axis);
  const weight = stack(weights);
  return {
    index: b.cast(pixel, DataType.INT64),
    weight: padding === 'zeros' ? b.maskWith(b.equal(pixel, pixels), weight) : weight,
  };
}

/** Combines all pairs: [N, left, samples] and [N, right, samples] become [N, left·right, samples]. */
function pairs(b: Ops, left: string, right: string, combine: (l: string, r: string) => string): string {
  const both = combine(b.unsqueeze(left, [2]), b.unsqueeze(right, [1]));
  const dims = b.shape(both);
  return b.reshape(both, [0, (dims[1] as number) * (dims[2] as number), -1]);
}

/** Emits the sampling as simpler operators, which gather, weight and sum the pixels of each sample. */
function write(c: GradientContext, b: Ops): string {
  const { node, x } = c;
  const [image, grid] = [x(0), x(1)];
  const spatial = b.rank(image) - 2;
  const aligned = int(node, 'align_corners', 0) === 1;
  const positions = b.reshape(grid, [0, -1, spatial]);
  let all: Taps | undefined;
  for (let i = 0; i < spatial; i++) {
    const axis = axisOf(b, image, grid, i + 2, aligned);
    // The grid lists the last axis first.
    const at = b.squeeze(b.slice(positions, [spatial - 1 - i], [spatial - i], [2]), [2]);
    const unit = b.mul(b.add(at, b.scalar(1, at)), b.scalar(0.5, at));
    // −1 and 1 are the borders. If corners are aligned, these are the centres of the outermost pixels, else their outer
    // edges.
    const u = b.add(b.mul(unit, b.sub(axis.high, axis.low)), axis.low);
    const taps = tapsOf(c, b, u, axis);
    const size = b.squeeze(b.sizeAt(image, i + 2), [0]);
    all =
      all === undefined
        ? taps
        : {
            index: pairs(b, all.index, taps.index, (l, r) => b.add(b.mul(l, size), r)),
            weight: pairs(b, all.weight, taps.weight, (l, r) => b.mul(l, r)),
          };
  }
  const { index, weight } = all as Taps;
  const count = b.shape(index)[1] as number;
  const flat = b.reshape(image, [0, 0, -1]);
  const row = b.reshape(index, [0, 1, -1]);
  const shape = b.concat([b.sizeAt(image, 0), b.sizeAt(image, 1), b.sizeAt(row, 2)], 0);
  const picked = b.reshape(b.emit('GatherElements', [flat, b.expand(row, shape)], { axis: 2 }), [
    0,
    0,
    count,
    -1,
  ]);
  const weighed = b.mul(picked, b.castLike(b.unsqueeze(weight, [1]), image));
  const samples = b.emit('Shape', [grid], { start: 1, end: -1 });
  const head = b.emit('Shape', [image], { start: 0, end: 2 });
  return b.emit('Reshape', [b.reduceSum(weighed, [2]), b.concat([head, samples], 0)]);
}

/** Operators that read images at computed positions (spatial transformers). */
export const gridSample: Operators = {
  GridSample: {
    infer,
    differentiable: [0, 1],
    gradient: (c) => byDecomposition(c, (b) => [write(c, b)]),
  },
};

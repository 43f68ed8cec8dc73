import { float, int, text } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import { unknownDim } from '../graph/dim.ts';
import { inputOf } from '../graph/infer.ts';
import type { GradientContext, Infer, Operators } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';
import { byDecomposition } from './decompose.ts';

const infer: Infer = (node, b) => {
  const { type, dims } = b.type(inputOf(node, 0));
  const count = b.dims(inputOf(node, 1))?.[0] ?? unknownDim();
  const sizes = [int(node, 'output_height', 1), int(node, 'output_width', 1)];
  return [{ type, dims: dims && [count, dims[1] ?? unknownDim(), ...sizes] }];
};

/**
 * The weight of each row (or column) of the image in each cell of a region: [regions, cells, rows]. A cell is the mean
 * of its samples. A sample at v, clamped to the image, weights row h by max(0, 1 − |v − h|). Samples with v < −1 or v >
 * size are 0.
 *
 * @param axis - 2 for rows, 3 for columns
 */
function shares({ node, x }: GradientContext, b: Ops, axis: number, places: number): string {
  const regions = x(1);
  const samples = int(node, 'sampling_ratio', 0);
  const whole = text(node, 'coordinate_transformation_mode', 'half_pixel') === 'half_pixel';
  const scalar = (value: number): string => b.scalar(value, regions);
  // A region is [x1, y1, x2, y2].
  const edge = (at: number): string => {
    const scaled = b.mul(b.slice(regions, [at], [at + 1], [1]), scalar(float(node, 'spatial_scale', 1)));
    return whole ? b.sub(scaled, scalar(0.5)) : scaled;
  };
  const [from, to] = [edge(3 - axis), edge(5 - axis)];
  const extent = whole ? b.sub(to, from) : b.emit('Max', [b.sub(to, from), scalar(1)]);
  const offsets = Array.from(
    { length: places * samples },
    (_, k) => (Math.floor(k / samples) + ((k % samples) + 0.5) / samples) / places,
  );
  const at = b.add(from, b.mul(extent, b.literal(b.type(regions).type, [1, offsets.length], offsets)));
  const size = b.squeeze(b.sizeAt(x(0), axis), [0]);
  const length = b.castLike(size, regions);
  const outside = b.emit('Or', [b.less(at, scalar(-1)), b.greater(at, length)]);
  const inside = b.emit('Max', [b.emit('Min', [at, b.sub(length, scalar(1))]), scalar(0)]);
  const rows = b.castLike(b.emit('Range', [b.int(0), size, b.int(1)]), regions);
  const distance = b.abs(b.sub(b.unsqueeze(inside, [2]), rows));
  const share = b.emit('Relu', [b.sub(scalar(1), distance)]);
  const counted = b.where(b.unsqueeze(outside, [2]), scalar(0), share);
  return b.castLike(b.reduceMean(b.reshape(counted, [0, places, samples, -1]), [2]), x(0));
}

function write(c: GradientContext, b: Ops): string {
  const { node, x } = c;
  if (text(node, 'mode', 'avg') !== 'avg') throw c.refuse('no gradient for mode "max"');
  if (int(node, 'sampling_ratio', 0) <= 0) {
    throw c.refuse(
      'the number of its samples depends on the size of each region',
      'Export the model with a sampling_ratio above 0.',
    );
  }
  const rows = shares(c, b, 2, int(node, 'output_height', 1));
  const columns = shares(c, b, 3, int(node, 'output_width', 1));
  const images = b.emit('Gather', [x(0), b.cast(x(2), DataType.INT64)], { axis: 0 });
  const left = b.matmul(b.unsqueeze(rows, [1]), images);
  return b.matmul(left, b.unsqueeze(b.transpose(columns, [0, 2, 1]), [1]));
}

/** RoiAlign resamples regions of images to a fixed size. */
export const roiAlign: Operators = {
  RoiAlign: {
    infer,
    differentiable: [0, 1],
    zeroDerivative: { 2: 'positions' },
    gradient: (c) => byDecomposition(c, (b) => [write(c, b)]),
  },
};

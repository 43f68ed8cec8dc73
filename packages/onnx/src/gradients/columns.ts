import { ints } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { type Dim, divDim, productOf, unknownDims } from '../graph/dim.ts';
import type { Graph } from '../graph/graph.ts';
import { axisOf, inputOf } from '../graph/infer.ts';
import type { GradientContext, Infer, Operators } from '../graph/operator.ts';
import { extent } from '../graph/window.ts';

const folded: Infer = (node, b) => {
  const { type, dims } = b.type(inputOf(node, 0));
  const image = b.value(inputOf(node, 1)) ?? unknownDims(b.dims(inputOf(node, 1))?.[0]);
  const block = b.value(inputOf(node, 2));
  if (!dims || !image || !block) return [{ type, dims: undefined }];
  return [{ type, dims: [dims[0] as Dim, divDim(dims[1] as Dim, productOf(block)), ...image] }];
};

/** Col2Im sums windows into an image. The input gradient extracts the same windows from the image's gradient. */
function unfold(c: GradientContext): string[] {
  const { b, node, x, g } = c;
  const [image, block] = [b.numbers(x(1)), b.numbers(x(2))];
  if (!image || !block) throw c.refuse('its shapes are computed while the model runs');
  const rank = image.length;
  const strides = ints(node, 'strides') ?? Array(rank).fill(1);
  const dilations = ints(node, 'dilations') ?? Array(rank).fill(1);
  const pads = ints(node, 'pads') ?? Array(2 * rank).fill(0);
  const padded = image.map((size, i) => size + (pads[i] as number) + (pads[i + rank] as number));
  const counts = padded.map((size, i) =>
    Math.floor((size - extent(block[i] as number, dilations[i] as number)) / (strides[i] as number) + 1),
  );
  /** The flat indices of a window's elements, or of the windows' first elements, in the padded image. */
  const places = (lengths: readonly number[], steps: readonly number[]): number[] =>
    lengths.reduce<number[]>(
      (list, length, i) =>
        list.flatMap((at) =>
          Array.from({ length }, (_, k) => at * (padded[i] as number) + k * (steps[i] as number)),
        ),
      [0],
    );
  const inner = places(block, dilations);
  const outer = places(counts, strides);
  const index = inner.flatMap((at) => outer.map((from) => from + at));
  const around = b.ints([0, 0, ...pads.slice(0, rank), 0, 0, ...pads.slice(rank)]);
  const wide = pads.every((pad) => pad === 0) ? g(0) : b.emit('Pad', [g(0), around]);
  const flat = b.reshape(wide, [0, 0, -1]);
  const table = b.literal(DataType.INT64, [index.length], index);
  return [b.reshapeLike(b.emit('Gather', [flat, table], { axis: 2 }), x(0))];
}

const axesOf = (node: NodeProto, rank: number): number[] =>
  (ints(node, 'axes') ?? Array.from({ length: rank }, (_, i) => i)).map((axis) => axisOf(axis, rank));

const centred: Infer = (node, b: Graph) => {
  const { type, dims } = b.type(inputOf(node, 0));
  const sizes = b.value(inputOf(node, 1));
  if (!dims) return [{ type, dims }];
  const axes = axesOf(node, dims.length);
  const at = (axis: number): Dim | undefined =>
    axes.includes(axis) ? sizes?.[axes.indexOf(axis)] : dims[axis];
  const unknowns = unknownDims(dims.length) ?? [];
  return [{ type, dims: dims.map((_, axis) => at(axis) ?? (unknowns[axis] as Dim)) }];
};

/** Operators that move parts of images. */
export const columns: Operators = {
  Col2Im: {
    infer: folded,
    differentiable: [0],
    zeroDerivative: { 1: 'a shape', 2: 'a shape' },
    gradient: unfold,
  },
  // The gradient of a centre crop is a centre pad, and vice versa.
  CenterCropPad: {
    infer: centred,
    differentiable: [0],
    zeroDerivative: { 1: 'a shape' },
    gradient: ({ b, node, x, g }) => {
      const axes = axesOf(node, b.rank(x(0)));
      const sizes = b.concat(
        axes.map((axis) => b.sizeAt(x(0), axis)),
        0,
      );
      return [b.emit('CenterCropPad', [g(0), sizes], { axes })];
    },
  },
};

import { float, int, ints, text } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { type Dim, mapDim, resizedTo, unknownDim } from '../graph/dim.ts';
import type { Graph } from '../graph/graph.ts';
import { axisOf, inputOf } from '../graph/infer.ts';
import type { GradientContext, Infer, Operators } from '../graph/operator.ts';
import { isStatic } from '../graph/value.ts';
import { adjoint } from './separable.ts';

interface Target {
  readonly axes: readonly number[];
  readonly scales: readonly number[] | undefined;
  readonly sizes: readonly Dim[] | undefined;
}

/** The constant parameters of a Resize. */
function targetOf(node: NodeProto, b: Graph, rank: number): Target {
  const axes = (ints(node, 'axes') ?? Array.from({ length: rank }, (_, i) => i)).map((axis) =>
    axisOf(axis, rank),
  );
  const scales = b.numbers(inputOf(node, 2));
  const sizes = b.value(inputOf(node, 3));
  return { axes, scales: scales && scales.length > 0 ? scales : undefined, sizes };
}

const infer: Infer = (node, b) => {
  const { type, dims } = b.type(inputOf(node, 0));
  if (!dims) return [{ type, dims }];
  const { axes, scales, sizes } = targetOf(node, b, dims.length);
  const result = [...dims];
  const keepsRatio = text(node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch';
  axes.forEach((axis, i) => {
    const scale = scales?.[i];
    const size = dims[axis] as Dim;
    result[axis] =
      scale !== undefined
        ? mapDim(size, `times${scale}`, (n) => resizedTo(n, scale))
        : keepsRatio
          ? unknownDim()
          : (sizes?.[i] ?? unknownDim());
  });
  return [{ type, dims: result }];
};

const copied = ['coordinate_transformation_mode', 'mode', 'nearest_mode'] as const;

/**
 * Resize is linear and separable in every mode except cropping. So the input gradient is a product with the transpose
 * of its matrix.
 */
function back(c: GradientContext): string[] {
  const { b, node, x, g } = c;
  const rank = b.rank(x(0));
  const { axes, scales, sizes } = targetOf(node, b, rank);
  if (text(node, 'coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize') {
    throw c.refuse('no gradient for tf_crop_and_resize');
  }
  if (text(node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch') {
    throw c.refuse('no gradient for a Resize that keeps the aspect ratio');
  }
  if (!scales && !sizes) throw c.refuse('its sizes are computed while the model runs');
  const moves = (axis: number): boolean => {
    const at = axes.indexOf(axis);
    return at >= 0 && (scales ? scales[at] !== 1 : sizes?.[at] !== b.shape(x(0))[axis]);
  };
  if (rank < 3 || moves(0) || moves(1)) {
    throw c.refuse('only the axes after batch and channel can be resized');
  }
  const attributes = {
    ...Object.fromEntries(
      copied.flatMap((name) => {
        const value = text(node, name, '');
        return value === '' ? [] : [[name, value]];
      }),
    ),
    cubic_coeff_a: { float: float(node, 'cubic_coeff_a', -0.75) },
    exclude_outside: int(node, 'exclude_outside', 0),
    antialias: int(node, 'antialias', 0) || undefined,
  };
  const before = b.shape(x(0));
  // The runtime copies the input if no size changes, whatever the scales are.
  if (isStatic(before) && before.every((size, axis) => size === b.shape(g(0))[axis])) return [g(0)];
  const cubic = text(node, 'mode', 'nearest') === 'cubic';
  const others = before.filter((_, axis) => moves(axis)).length > 1;
  const run = (input: string, picked: readonly number[]): string => {
    const [axis] = picked as [number];
    if (picked.length > 1 || !(cubic || (scales && others && moves(axis + 2)))) return resized(input, picked);
    // Adds a second axis that grows, for two reasons: cubic kernels need two axes, and if no size changes, the runtime
    // copies the input instead of resampling it.
    const column = resized(b.unsqueeze(input, [3]), picked, others ? grown() : 1);
    return b.squeeze(b.slice(column, [0], [1], [3]), [3]);
  };
  /** The scale of the added axis: 2, or 1 if no size of x changes, because the runtime then copies x. */
  const grown = (): number | string => {
    if (isStatic(before) || !scales) return 2;
    const stays = b.cast(b.equal(b.emit('Shape', [x(0)]), b.emit('Shape', [g(0)])), DataType.FLOAT);
    return b.memo(`growth of ${g(0)}`, () =>
      b.sub(b.literal(DataType.FLOAT, [1], [2]), b.reduce('ReduceMin', stays, [0], true)),
    );
  };
  /** @param beside - the scale of an added axis of size 1, if there is one */
  const resized = (input: string, picked: readonly number[], beside?: number | string): string => {
    const at = picked.map((axis) => axes.indexOf(axis + 2));
    const more = beside === undefined ? [] : [beside];
    if (scales) {
      const factors = [1, 1, ...at.map((i) => (i < 0 ? 1 : (scales[i] as number)))];
      const vector = (values: readonly number[]): string =>
        b.literal(DataType.FLOAT, [values.length], values);
      const all =
        typeof beside === 'string'
          ? b.concat([vector(factors), beside], 0)
          : vector(beside === undefined ? factors : [...factors, beside]);
      return b.emit('Resize', [input, '', all], attributes);
    }
    const probes = b.emit('Shape', [input], { start: 0, end: 2 });
    const wanted = picked.map((axis, i) => {
      const size = at[i] === undefined || at[i] < 0 ? b.shape(x(0))[axis + 2] : b.shape(g(0))[axis + 2];
      return typeof size === 'number' ? size : b.sizeAt(g(0), axis + 2);
    });
    return b.emit('Resize', [input, '', '', b.shapeVector([probes, ...wanted, ...more])], attributes);
  };
  return [adjoint(b, x(0), g(0), run)];
}

/** Resampling. */
export const resize: Operators = {
  Resize: { infer, gradient: back, differentiable: [0], zeroDerivative: { 3: 'sizes' } },
};

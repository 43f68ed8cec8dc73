import { int, text } from '../format/attributes.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { addDim, type Dim, divDim, subDim, unknownDim } from '../graph/dim.ts';
import type { Graph } from '../graph/graph.ts';
import { axisOf, inputOf } from '../graph/infer.ts';
import { mapElements } from '../graph/mapElements.ts';
import type { Gradient, GradientContext, Infer, Operators } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';
import { isStatic, type ValueType } from '../graph/value.ts';
import { scatterAlong } from './scatterAt.ts';

/** Concatenates the elements of known values along an axis. */
function joined(parts: readonly ValueType[], axis: number): Dim[] | undefined {
  if (!parts.every(({ value, dims }) => value && isStatic(dims))) return undefined;
  const rows = (parts[0]?.dims ?? []).slice(0, axis).reduce<number>((n, dim) => n * (dim as number), 1);
  if (!(rows <= 1024)) return undefined;
  return Array.from({ length: rows }, (_, row) =>
    parts.flatMap(({ value = [] }) => {
      const width = value.length / rows;
      return value.slice(row * width, (row + 1) * width);
    }),
  ).flat();
}

const concatenated: Infer = (node, b) => {
  const parts = node.input.map((name) => b.type(name));
  const type = parts[0]?.type ?? 0;
  const ranked = parts.find((part) => part.dims)?.dims;
  if (!ranked) return [{ type, dims: undefined }];
  const axis = axisOf(int(node, 'axis', 0), ranked.length);
  const dims = ranked.map((dim, i) => {
    if (i === axis) return parts.map((part) => part.dims?.[axis] ?? unknownDim()).reduce(addDim);
    const sure = parts.map((part) => part.dims?.[i]).find((size) => typeof size === 'number');
    return sure ?? dim;
  });
  return [{ type, dims, value: joined(parts, axis) }];
};

/** The sizes of several values along an axis, as a vector. */
function sizesAlong(b: Ops, values: readonly string[], axis: number): string {
  const sizes = values.map((value) => b.dims(value)?.[axis]);
  return sizes.every((size) => typeof size === 'number')
    ? b.ints(sizes as number[])
    : b.concat(
        values.map((value) => b.sizeAt(value, axis)),
        0,
      );
}

const split: Infer = (node, b) => {
  const { type, dims } = b.type(inputOf(node, 0));
  if (!dims) return node.output.map(() => ({ type, dims }));
  const axis = axisOf(int(node, 'axis', 0), dims.length);
  const given = inputOf(node, 1);
  const sizes = b.value(given);
  const total = dims[axis] ?? unknownDim();
  const count = node.output.length;
  return node.output.map((_, i) => {
    let size: Dim = sizes?.[i] ?? unknownDim();
    if (given === '') {
      const each = typeof total === 'number' ? Math.ceil(total / count) : divDim(total, count);
      size = typeof total === 'number' && typeof each === 'number' ? Math.min(each, total - i * each) : each;
    }
    return { type, dims: dims.map((dim, k) => (k === axis ? size : dim)) };
  });
};

interface Cut {
  readonly axes: number[];
  readonly steps: readonly number[] | undefined;
}

/**
 * The axes that a Slice cuts, and the steps. The result is `undefined` if the axes are known only at run time, and
 * `steps` is if the steps are.
 */
function cutOf(node: NodeProto, b: Graph, rank: number): Cut | undefined {
  const axes = inputOf(node, 3) === '' ? undefined : b.numbers(inputOf(node, 3));
  const count = b.dims(inputOf(node, 1))?.[0];
  if (inputOf(node, 3) !== '' && !axes) return undefined;
  if (!axes && (typeof count !== 'number' || count > rank)) return undefined;
  const list = axes ?? Array.from({ length: count as number }, (_, i) => i);
  const steps = inputOf(node, 4) === '' ? list.map(() => 1) : b.numbers(inputOf(node, 4));
  return { axes: list.map((axis) => axisOf(axis, rank)), steps };
}

/** The first position and the number of positions that Slice takes from an axis of known size. */
function range(size: number, start: number, end: number, step: number): { start: number; count: number } {
  const wrap = (at: number, low: number, high: number): number =>
    Math.min(Math.max(at < 0 ? at + size : at, low), high);
  const [from, to] =
    step > 0
      ? [wrap(start, 0, size), wrap(end, 0, size)]
      : [wrap(start, 0, size - 1), wrap(end, -1, size - 1)];
  return { start: from, count: Math.max(0, Math.ceil((to - from) / step)) };
}

/** The size of a cut axis. The axis or the end may be symbolic. */
function cutSize(size: Dim, start: Dim | undefined, end: Dim | undefined, step: number): Dim {
  if (typeof size === 'number' && typeof start === 'number' && typeof end === 'number') {
    return range(size, start, end, step).count;
  }
  if (start === undefined || end === undefined || step !== 1) return unknownDim();
  const open = typeof end === 'number' && end >= 2 ** 31 - 1;
  if (open && typeof start === 'number')
    return start === 0 ? size : start < 0 ? unknownDim() : subDim(size, start);
  if (start === 0 && end === size) return size;
  return unknownDim();
}

const sliced: Infer = (node, b) => {
  const { type, dims, value } = b.type(inputOf(node, 0));
  if (!dims) return [{ type, dims }];
  const cut = cutOf(node, b, dims.length);
  const starts = b.value(inputOf(node, 1));
  const ends = b.value(inputOf(node, 2));
  if (!cut) return [{ type, dims: dims.map(unknownDim) }];
  const result = [...dims];
  cut.axes.forEach((axis, i) => {
    const step = cut.steps?.[i];
    result[axis] =
      step === undefined ? unknownDim() : cutSize(dims[axis] ?? unknownDim(), starts?.[i], ends?.[i], step);
  });
  const numbers = (list: readonly Dim[] | undefined): list is readonly number[] =>
    list?.every((dim) => typeof dim === 'number') ?? false;
  const { axes, steps } = cut;
  if (!value || !isStatic(dims) || !numbers(starts) || !numbers(ends) || !steps) {
    return [{ type, dims: result }];
  }
  const first = dims.map((size, axis) => {
    const i = axes.indexOf(axis);
    return i < 0 ? 0 : range(size, starts[i] as number, ends[i] as number, steps[i] as number).start;
  });
  const taken = mapElements(value, dims, result, (index) =>
    index.map((at, axis) => (first[axis] as number) + at * (steps[axes.indexOf(axis)] ?? 1)),
  );
  return [{ type, dims: result, value: taken }];
};

/** If every cut is known, pads the gradient with zeros. Otherwise scatters the gradient back along each axis. */
const sliceBack: Gradient = (c) => {
  const { b, node, x, g } = c;
  const dims = b.shape(x(0));
  const cut = cutOf(node, b, dims.length);
  if (!cut)
    throw c.refuse('its axes are computed while the model runs', 'Export the model with constant axes.');
  const starts = b.numbers(inputOf(node, 1));
  const ends = b.numbers(inputOf(node, 2));
  const { axes, steps } = cut;
  const known =
    starts &&
    ends &&
    steps?.every((step) => step === 1) &&
    axes.every((axis) => typeof dims[axis] === 'number');
  if (known) {
    const before = dims.map(() => 0);
    const after = dims.map(() => 0);
    axes.forEach((axis, i) => {
      const size = dims[axis] as number;
      const { start, count } = range(size, starts[i] as number, ends[i] as number, 1);
      before[axis] = start;
      after[axis] = size - start - count;
    });
    return [b.emit('Pad', [g(0), b.ints([...before, ...after])])];
  }
  // To find the positions that a Slice takes, slice the numbers 0, 1, 2, …
  let gradient = g(0);
  axes.forEach((axis, i) => {
    const pick = (k: number): string => b.slice(x(k), [i], [i + 1], [0]);
    const length = b.sizeAt(x(0), axis);
    const all = b.emit('Range', [b.int(0), b.squeeze(length, [0]), b.int(1)]);
    const step = inputOf(node, 4) === '' ? [] : [pick(4)];
    const positions = b.emit('Slice', [all, pick(1), pick(2), b.ints([0]), ...step]);
    gradient = scatterAlong(b, gradient, positions, axis, length, true);
  });
  return [gradient];
};

const padded: Infer = (node, b) => {
  const { type, dims } = b.type(inputOf(node, 0));
  const pads = b.value(inputOf(node, 1));
  const axes = inputOf(node, 3) === '' ? dims?.map((_, i) => i) : b.numbers(inputOf(node, 3));
  if (!dims || !pads || !axes) return [{ type, dims: dims?.map(unknownDim) }];
  const result = [...dims];
  axesInOrder(axes, dims.length).forEach((axis, i) => {
    const around = addDim(pads[i] ?? 0, pads[i + axes.length] ?? 0);
    result[axis] = addDim(dims[axis] ?? unknownDim(), around);
  });
  return [{ type, dims: result }];
};

const axesInOrder = (axes: readonly number[], rank: number): number[] =>
  axes.map((axis) => axisOf(axis, rank));

/** The gradient of the padding value: the sum over the padding. Only constant padding uses the value. */
function fillBack({ b, node, x, g }: GradientContext): string | null {
  const gradient = g(0);
  if (text(node, 'mode', 'constant') !== 'constant') return null;
  const filled = b.emit('Pad', [b.zerosLike(x(0)), x(1), b.scalar(1, x(0)), inputOf(node, 3)]);
  return b.reshapeLike(b.sumAll(b.mul(gradient, filled)), x(2));
}

/**
 * The gradient of a Pad. Constant padding is cut off. Gradients of copied borders are added to those of the elements
 * that were copied.
 */
const padBack: Gradient = (c) => [
  c.needs(0) ? padInputBack(c) : undefined,
  undefined,
  c.needs(2) ? fillBack(c) : undefined,
];

function padInputBack(c: GradientContext): string {
  const { b, node, x, g } = c;
  const mode = text(node, 'mode', 'constant');
  const pads = b.numbers(x(1));
  if (mode === 'constant') {
    if (pads?.every((pad) => pad === 0)) return g(0);
    const negative = pads ? b.ints(pads.map((pad) => -pad)) : b.neg(x(1));
    return b.emit('Pad', [g(0), negative, '', inputOf(node, 3)]);
  }
  const rank = b.rank(x(0));
  const axes = inputOf(node, 3) === '' ? b.shape(x(0)).map((_, i) => i) : b.numbers(x(3));
  if (!axes)
    throw c.refuse('its axes are computed while the model runs', 'Export the model with constant axes.');
  let gradient = g(0);
  axesInOrder(axes, rank).forEach((axis, i) => {
    if (pads && pads[i] === 0 && pads[i + axes.length] === 0) return;
    const size = b.shape(x(0))[axis];
    const most = Math.max(pads?.[i] ?? 0, pads?.[i + axes.length] ?? 0);
    if (mode === 'wrap' && typeof size === 'number' && most > size) {
      throw c.refuse(
        `it wraps around an axis of ${size} more than once`,
        'Export the model with Tile or Concat, or with less padding.',
      );
    }
    const pick = (at: number): string => b.slice(x(1), [at], [at + 1], [0]);
    const around = b.concat([pick(i), pick(i + axes.length)], 0);
    const length = b.sizeAt(x(0), axis);
    const all = b.emit('Range', [b.int(0), b.squeeze(length, [0]), b.int(1)]);
    const positions = b.emit('Pad', [all, around], { mode });
    gradient = scatterAlong(b, gradient, positions, axis, length);
  });
  return gradient;
}

const splitBack = ({ b, node, x, y, g, used }: GradientContext): string[] => {
  const axis = axisOf(int(node, 'axis', 0), b.rank(x(0)));
  const parts = node.output.map((_, i) => (used(i) ? g(i) : b.zerosLike(y(i))));
  return [b.concat(parts, axis)];
};

/** Operators that cut and join tensors. */
export const join: Operators = {
  Concat: {
    infer: concatenated,
    differentiable: 'all',
    gradient: ({ b, node, x, g }) => {
      const axis = axisOf(int(node, 'axis', 0), b.rank(g(0)));
      if (node.input.length === 1) return [g(0)];
      const sizes = sizesAlong(
        b,
        node.input.map((_, i) => x(i)),
        axis,
      );
      return b.emitAll('Split', [g(0), sizes], { axis }, node.input.length);
    },
  },
  Split: { infer: split, gradient: splitBack, differentiable: [0], zeroDerivative: { 1: 'sizes' } },
  Slice: {
    infer: sliced,
    gradient: sliceBack,
    differentiable: [0],
    zeroDerivative: { 1: 'positions', 2: 'positions', 3: 'axes', 4: 'steps' },
  },
  Pad: {
    infer: padded,
    gradient: padBack,
    differentiable: [0, 2],
    zeroDerivative: { 1: 'sizes', 3: 'axes' },
    storedAs: (input) => (input === 2 ? 'constant' : 'weight'),
  },
};

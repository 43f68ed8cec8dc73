import { int } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import { type Dim, unknownDim } from '../graph/dim.ts';
import { axisOf, inputOf, shaped } from '../graph/infer.ts';
import { mapElements } from '../graph/mapElements.ts';
import type { Gradient, Infer, Operators } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';
import { hasDepth, scatterAlong, scatterAt } from './scatterAt.ts';

const gathered: Infer = (node, b) => {
  const { type, dims, value } = b.type(inputOf(node, 0));
  const index = inputOf(node, 1);
  const picked = b.dims(index);
  if (!dims || !picked) return [{ type, dims: undefined }];
  const axis = axisOf(int(node, 'axis', 0), dims.length);
  const at = b.numbers(index);
  const result = [...dims.slice(0, axis), ...picked, ...dims.slice(axis + 1)];
  const size = dims[axis];
  const taken =
    at && typeof size === 'number'
      ? mapElements(value, dims, result, (place) => {
          const inner = place.slice(axis, axis + picked.length);
          const flat = inner.reduce((offset, i, k) => offset * (picked[k] as number) + i, 0);
          const i = at[flat] as number;
          return [...place.slice(0, axis), i < 0 ? i + size : i, ...place.slice(axis + picked.length)];
        })
      : undefined;
  return [{ type, dims: result, value: taken?.some((item) => item === undefined) ? undefined : taken }];
};

const gatherBack: Gradient = ({ b, node, x, g }) => {
  const rank = b.rank(x(0));
  const axis = axisOf(int(node, 'axis', 0), rank);
  const count = b.rank(x(1));
  const positions = b.reshape(x(1), [-1]);
  // Merges the index's axes into one, so that the gradient has the input's rank.
  const merged =
    count === 1
      ? g(0)
      : b.reshape(
          g(0),
          b.shapeVector(
            b
              .shape(x(0))
              .map((dim, i) => (i === axis ? -1 : typeof dim === 'number' ? dim : b.sizeAt(x(0), i))),
          ),
        );
  const known = b.numbers(x(1));
  const size = b.shape(x(0))[axis];
  const places = known?.map((i) => (i < 0 && typeof size === 'number' ? i + size : i));
  const distinct =
    places !== undefined && new Set(places).size === places.length && places.every((i) => i >= 0);
  return [scatterAlong(b, merged, positions, axis, b.sizeAt(x(0), axis), distinct)];
};

const indexed: Infer = shaped((node, _dims, b) => b.dims(inputOf(node, 1)));

const gatheredND: Infer = (node, b) => {
  const { type, dims } = b.type(inputOf(node, 0));
  const index = b.dims(inputOf(node, 1));
  const depth = index?.at(-1);
  const batch = int(node, 'batch_dims', 0);
  return [
    {
      type,
      dims:
        dims && index && typeof depth === 'number'
          ? [...index.slice(0, -1), ...dims.slice(batch + depth)]
          : undefined,
    },
  ];
};

/** Prepends the batch coordinates to positions that are relative to an element of the batch. */
function withBatch(b: Ops, positions: string, batch: number): string {
  const rank = b.rank(positions);
  if (!(batch >= 0 && batch < rank)) throw new Error(`batch_dims = ${batch}`);
  const shape = b.emit('Shape', [positions], { end: rank - 1 });
  const column = b.concat([shape, b.ints([1])], 0);
  const coordinates = Array.from({ length: batch }, (_, axis) => {
    const size = b.squeeze(b.sizeAt(positions, axis), [0]);
    const counted = b.emit('Range', [b.int(0), size, b.int(1)]);
    const placed = b.reshape(
      counted,
      Array.from({ length: rank }, (_, i) => (i === axis ? -1 : 1)),
    );
    return b.expand(placed, column);
  });
  return b.concat([...coordinates, positions], rank - 1);
}

const topK: Infer = (node, b) => {
  const { type, dims } = b.type(inputOf(node, 0));
  const k = b.value(inputOf(node, 1))?.[0] ?? unknownDim();
  const axis = dims && axisOf(int(node, 'axis', -1), dims.length);
  const picked = dims?.map((dim, i): Dim => (i === axis ? k : dim));
  return [
    { type, dims: picked },
    { type: DataType.INT64, dims: picked },
  ];
};

const positions = { 1: 'positions' };

/** Operators that read at computed positions. */
export const gather: Operators = {
  Gather: { infer: gathered, gradient: gatherBack, differentiable: [0], zeroDerivative: positions },
  GatherElements: {
    infer: indexed,
    differentiable: [0],
    zeroDerivative: positions,
    gradient: ({ b, node, x, g }) => [
      b.emit('ScatterElements', [b.zerosLike(x(0)), x(1), g(0)], {
        axis: int(node, 'axis', 0),
        reduction: 'add',
      }),
    ],
  },
  GatherND: {
    infer: gatheredND,
    differentiable: [0],
    zeroDerivative: positions,
    gradient: (c) => {
      const { b, node, x, g } = c;
      const positions = withBatch(b, b.cast(x(1), DataType.INT64), int(node, 'batch_dims', 0));
      if (!hasDepth(b, positions)) throw c.refuse('the length of its positions is not known');
      return [scatterAt(b, b.zerosLike(x(0)), positions, g(0), 'add')];
    },
  },
  TopK: {
    infer: topK,
    differentiable: [0],
    zeroDerivative: { 1: 'a number of elements' },
    gradient: ({ b, node, x, y, g }) => [
      b.emit('ScatterElements', [b.zerosLike(x(0)), y(1), g(0)], { axis: int(node, 'axis', -1) }),
    ],
  },
};

import { int, ints, text } from '../format/attributes.ts';
import { DataType, isFloat } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import {
  type Dim,
  divDim,
  mapDim,
  mulDim,
  productOf,
  quotientOf,
  unknownDim,
  unknownDims,
} from '../graph/dim.ts';
import type { Graph } from '../graph/graph.ts';
import { axesOf, axisOf, inputOf, sameAsInput, shaped } from '../graph/infer.ts';
import { mapElements } from '../graph/mapElements.ts';
import type { Gradient, Infer, Operators } from '../graph/operator.ts';

/** The elements keep their order, so the gradient is reshaped to the input's shape. */
const backToInput: Gradient = ({ b, x, g }) => [b.reshapeLike(g(0), x(0))];

const reshaped: Infer = (node, b) => {
  const { type, dims, value } = b.type(inputOf(node, 0));
  const target = b.value(inputOf(node, 1));
  if (!target) {
    return [{ type, dims: unknownDims(b.dims(inputOf(node, 1))?.[0]), value }];
  }
  const zeroCopies = int(node, 'allowzero', 0) === 0;
  const sizes = target.map((dim, i) => (dim === 0 && zeroCopies ? (dims?.[i] ?? unknownDim()) : dim));
  const free = sizes.indexOf(-1);
  if (free >= 0) {
    sizes[free] = dims
      ? quotientOf(
          dims,
          sizes.filter((_, i) => i !== free),
        )
      : unknownDim();
  }
  return [{ type, dims: sizes, value }];
};

const squeezed: Infer = (node, b) => {
  const { type, dims, value } = b.type(inputOf(node, 0));
  const given = inputOf(node, 1);
  const axes = given === '' ? undefined : b.numbers(given);
  if (!dims || (given !== '' && !axes)) return [{ type, dims: undefined, value }];
  const gone = axes ? axesOf(axes, dims.length) : dims.flatMap((dim, i) => (dim === 1 ? [i] : []));
  const sure = axes !== undefined || dims.every((dim) => typeof dim === 'number');
  return [{ type, dims: sure ? dims.filter((_, i) => !gone.includes(i)) : undefined, value }];
};

const unsqueezed: Infer = (node, b) => {
  const { type, dims, value } = b.type(inputOf(node, 0));
  const axes = b.numbers(inputOf(node, 1));
  if (!dims || !axes) return [{ type, dims: undefined, value }];
  const rank = dims.length + axes.length;
  const added = axesOf(axes, rank);
  let next = 0;
  return [
    {
      type,
      dims: Array.from({ length: rank }, (_, i) => (added.includes(i) ? 1 : (dims[next++] as Dim))),
      value,
    },
  ];
};

/** Infers a cast. Known elements are cast too if the type is int64, int32, float32 or bool. */
function castTo(to: (node: NodeProto, b: Graph) => number): Infer {
  return (node, b) => {
    const { type: from, dims, value } = b.type(inputOf(node, 0));
    const type = to(node, b);
    const cuts = isFloat(from) && !isFloat(type);
    const numeric = type === DataType.INT64 || type === DataType.INT32 || type === DataType.FLOAT;
    const cast = (size: Dim): Dim => (cuts ? mapDim(size, 'trunc', Math.trunc) : size);
    return [{ type, dims, value: numeric ? value?.map(cast) : truth(type, value) }];
  };
}

/** Known elements converted to boolean. */
function truth(type: number, value: readonly Dim[] | undefined): readonly Dim[] | undefined {
  const known = type === DataType.BOOL && value?.every((item) => typeof item === 'number');
  return known ? value?.map((item) => (item === 0 ? 0 : 1)) : undefined;
}

const permOf = (node: NodeProto, rank: number): number[] =>
  ints(node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);

/** The gradient of Squeeze is Unsqueeze, and vice versa. Unlike a Reshape, they also work if the rank is unknown. */
const backBy =
  (other: 'Squeeze' | 'Unsqueeze'): Gradient =>
  (c) => {
    const { b, node, x, g } = c;
    if (b.dims(x(0)) || !inputOf(node, 1)) return backToInput(c);
    return [b.emit(other, [g(0), x(1)])];
  };

/** Operators that move elements without changing them. */
export const layout: Operators = {
  Identity: {
    infer: (node, b) => [b.type(inputOf(node, 0))],
    gradient: ({ g }) => [g(0)],
    differentiable: [0],
  },
  Cast: {
    infer: castTo((node) => int(node, 'to', 0)),
    gradient: ({ b, x, g }) => [b.castLike(g(0), x(0))],
    differentiable: [0],
  },
  CastLike: {
    infer: castTo((node, b) => b.type(inputOf(node, 1)).type),
    gradient: ({ b, x, g }) => [b.castLike(g(0), x(0))],
    differentiable: [0],
    zeroDerivative: { 1: 'a type' },
  },
  Reshape: { infer: reshaped, gradient: backToInput, differentiable: [0], zeroDerivative: { 1: 'a shape' } },
  Flatten: {
    infer: (node, b) => {
      const { type, dims } = b.type(inputOf(node, 0));
      if (!dims) return [{ type, dims: unknownDims(2) }];
      const axis = axisOf(int(node, 'axis', 1), dims.length);
      return [{ type, dims: [productOf(dims.slice(0, axis)), productOf(dims.slice(axis))] }];
    },
    gradient: backToInput,
    differentiable: [0],
  },
  Squeeze: {
    infer: squeezed,
    gradient: backBy('Unsqueeze'),
    differentiable: [0],
    zeroDerivative: { 1: 'axes' },
  },
  Unsqueeze: {
    infer: unsqueezed,
    gradient: backBy('Squeeze'),
    differentiable: [0],
    zeroDerivative: { 1: 'axes' },
  },
  Transpose: {
    infer: (node, b) => {
      const { type, dims: from, value } = b.type(inputOf(node, 0));
      if (!from) return [{ type, dims: from }];
      const perm = permOf(node, from.length);
      const dims = perm.map((axis) => from[axis] ?? unknownDim());
      const moved = mapElements(value, from, dims, (index) =>
        from.map((_, axis) => index[perm.indexOf(axis)] ?? 0),
      );
      return [{ type, dims, value: moved }];
    },
    differentiable: [0],
    gradient: ({ b, node, x, g }) => {
      const perm = permOf(node, b.rank(x(0)));
      return [
        b.transpose(
          g(0),
          perm.map((_, axis) => perm.indexOf(axis)),
        ),
      ];
    },
  },
  DepthToSpace: {
    infer: shaped((node, dims) => {
      const block = int(node, 'blocksize', 1);
      const [n, c, h, w] = dims as [Dim, Dim, Dim, Dim];
      return [n, divDim(c, block * block), mulDim(h, block), mulDim(w, block)];
    }),
    differentiable: [0],
    gradient: ({ b, node, x, g }) => {
      const block = int(node, 'blocksize', 1);
      if (text(node, 'mode', 'DCR') === 'DCR') return [b.emit('SpaceToDepth', [g(0)], { blocksize: block })];
      const [n, c, h, w] = [0, 1, 2, 3].map((axis) => b.sizeAt(x(0), axis)) as [
        string,
        string,
        string,
        string,
      ];
      const channels = b.div(c, b.ints([block * block]));
      const split = b.reshape(g(0), b.shapeVector([n, channels, h, block, w, block]));
      return [b.reshapeLike(b.transpose(split, [0, 1, 3, 5, 2, 4]), x(0))];
    },
  },
  SpaceToDepth: {
    infer: shaped((node, dims) => {
      const block = int(node, 'blocksize', 1);
      const [n, c, h, w] = dims as [Dim, Dim, Dim, Dim];
      return [n, mulDim(c, block * block), divDim(h, block), divDim(w, block)];
    }),
    differentiable: [0],
    gradient: ({ b, node, g }) => [
      b.emit('DepthToSpace', [g(0)], { blocksize: int(node, 'blocksize', 1), mode: 'DCR' }),
    ],
  },
  // `Trilu` keeps a triangle. Its gradient keeps the same triangle.
  Trilu: {
    infer: sameAsInput,
    differentiable: [0],
    zeroDerivative: { 1: 'a diagonal' },
    gradient: ({ b, node, g }) => [
      b.emit('Trilu', [g(0), inputOf(node, 1)], { upper: int(node, 'upper', 1) }),
    ],
  },
  ReverseSequence: {
    infer: sameAsInput,
    differentiable: [0],
    zeroDerivative: { 1: 'lengths' },
    gradient: ({ b, node, g, x }) => [
      b.emit('ReverseSequence', [g(0), x(1)], {
        batch_axis: int(node, 'batch_axis', 1),
        time_axis: int(node, 'time_axis', 0),
      }),
    ],
  },
};

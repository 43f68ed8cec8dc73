import { int, tensor } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import { numbersOf } from '../format/tensor.ts';
import { broadcast, type Dim, productOf, unknownDim, unknownDims } from '../graph/dim.ts';
import {
  broadcastInputs,
  comparison,
  inputOf,
  integers,
  sameAsInput,
  shaped,
  typed,
} from '../graph/infer.ts';
import { broadcastValue } from '../graph/mapElements.ts';
import type { Infer, Operator, Operators } from '../graph/operator.ts';

const flat = (infer: Infer): Operator => ({ infer, gradient: 'none' });

/** A shape given as a vector. Unknown sizes stay unknown. */
const shapeFromVector = (type: (node: Parameters<Infer>[0]) => number): Infer => {
  return (node, b) => {
    const vector = inputOf(node, 0);
    const dims = b.value(vector) ?? unknownDims(b.dims(vector)?.[0]);
    return [{ type: type(node), dims }];
  };
};

const shape: Infer = (node, b) => {
  const dims = b.dims(inputOf(node, 0));
  if (!dims) return [{ type: DataType.INT64, dims: [unknownDim()] }];
  const wrap = (at: number): number => Math.min(Math.max(at < 0 ? at + dims.length : at, 0), dims.length);
  const part = dims.slice(wrap(int(node, 'start', 0)), wrap(int(node, 'end', dims.length)));
  return [integers(part, [part.length])];
};

const constantOfShape: Infer = (node, b) => {
  const [made] = shapeFromVector(() => tensor(node, 'value')?.dataType ?? DataType.FLOAT)(node, b);
  const value = tensor(node, 'value');
  const length = made?.dims?.length === 1 ? made.dims[0] : undefined;
  const short = typeof length === 'number' && length <= 64;
  return made && value?.dataType === DataType.INT64 && short
    ? [{ ...made, value: Array(length).fill(numbersOf(value)?.[0] ?? 0) }]
    : [made ?? { type: DataType.UNDEFINED, dims: undefined }];
};

const range: Infer = (node, b) => {
  const { type } = b.type(inputOf(node, 0));
  const [start, limit, delta] = [0, 1, 2].map((i) => b.value(inputOf(node, i))?.[0]);
  if (start === 0 && delta === 1 && limit !== undefined) {
    const value =
      typeof limit === 'number' && limit <= 64 ? Array.from({ length: limit }, (_, i) => i) : undefined;
    return [{ type, dims: [limit], value }];
  }
  if (typeof start === 'number' && typeof limit === 'number' && typeof delta === 'number' && delta !== 0) {
    return [{ type, dims: [Math.max(0, Math.ceil((limit - start) / delta))] }];
  }
  return [{ type, dims: [unknownDim()] }];
};

const oneHot: Infer = (node, b) => {
  const dims = b.dims(inputOf(node, 0));
  const axis = int(node, 'axis', -1);
  const at = dims && (axis < 0 ? axis + dims.length + 1 : axis);
  const depth = b.value(inputOf(node, 1))?.[0] ?? unknownDim();
  return [
    {
      type: b.type(inputOf(node, 2)).type,
      dims: dims && at !== undefined ? [...dims.slice(0, at), depth, ...dims.slice(at)] : undefined,
    },
  ];
};

/** Infers Equal. Known elements are compared too, because exporters choose sizes with `Where(Equal(shape, -1), …)`. */
const equal: Infer = (node, b) => {
  const [left, right] = [b.type(inputOf(node, 0)), b.type(inputOf(node, 1))];
  const dims = broadcast(left.dims, right.dims);
  const [xs, ys] = [broadcastValue(left, dims), broadcastValue(right, dims)];
  const value = xs && ys && xs.map((x, i) => equalDims(x, ys[i] as Dim));
  const sure = value?.every((item) => item !== undefined);
  return [{ type: DataType.BOOL, dims, value: sure ? (value as number[]) : undefined }];
};

/**
 * 1 if two sizes are certainly equal, 0 if they certainly differ, else `undefined`. Equal expressions are equal sizes,
 * and a named axis is never negative.
 */
function equalDims(a: Dim, b: Dim): number | undefined {
  if (a === b) return 1;
  if (typeof a === 'number' && typeof b === 'number') return 0;
  const [number, name] = typeof a === 'number' ? [a, b] : [b, a];
  return typeof number === 'number' && number < 0 && /^\{[^{}]*\}$/.test(String(name)) ? 0 : undefined;
}

/**
 * Infers a table (a window function or a mel matrix). An attribute gives its type. A size may be unknown until run
 * time.
 */
const table: Infer = (node, b) => {
  const length = b.value(inputOf(node, 0))?.[0] ?? unknownDim();
  return [
    {
      type: int(node, 'output_datatype', DataType.FLOAT),
      dims: node.opType === 'MelWeightMatrix' ? [unknownDim(), length] : [length],
    },
  ];
};

/** Operators that compute shapes, positions and conditions. Almost none of them passes a gradient back. */
export const shapeArithmetic: Operators = {
  Shape: flat(shape),
  Size: flat((node, b) => {
    const dims = b.dims(inputOf(node, 0));
    return [integers(dims && [productOf(dims)], [])];
  }),
  ConstantOfShape: flat(constantOfShape),
  Constant: flat(typed(DataType.UNDEFINED)),
  // start + i·delta. The limit determines only the number of elements.
  Range: {
    infer: range,
    differentiable: [0, 2],
    zeroDerivative: { 1: 'a limit' },
    storedAs: () => 'constant',
    gradient: ({ b, x, g, needs }) => {
      const positions = (): string => {
        const count = b.squeeze(b.sizeAt(g(0), 0), [0]);
        return b.castLike(b.emit('Range', [b.int(0), count, b.int(1)]), g(0));
      };
      return [
        needs(0) ? b.reshapeLike(b.sumAll(g(0)), x(0)) : undefined,
        undefined,
        needs(2) ? b.reshapeLike(b.sumAll(b.mul(g(0), positions())), x(2)) : undefined,
      ];
    },
  },
  EyeLike: flat((node, b) => {
    const { type, dims } = b.type(inputOf(node, 0));
    return [{ type: int(node, 'dtype', type), dims }];
  }),
  OneHot: {
    infer: oneHot,
    differentiable: [2],
    zeroDerivative: { 0: 'positions', 1: 'a number of classes' },
    storedAs: () => 'constant',
    // The third input holds [off, on].
    gradient: ({ b, node, x, g }) => {
      const sumWhere = (values: readonly number[]): string => {
        const mask = b.literal(b.type(x(2)).type, [2], values);
        const chosen = b.emit('OneHot', [x(0), x(1), mask], { axis: int(node, 'axis', -1) });
        return b.reshape(b.sumAll(b.mul(g(0), chosen)), [1]);
      };
      return [undefined, undefined, b.concat([sumWhere([1, 0]), sumWhere([0, 1])], 0)];
    },
  },
  NonZero: flat((node, b) => {
    const rank = b.dims(inputOf(node, 0))?.length;
    return [{ type: DataType.INT64, dims: [rank ?? unknownDim(), unknownDim()] }];
  }),
  Equal: flat(equal),
  Greater: flat(comparison),
  GreaterOrEqual: flat(comparison),
  Less: flat(comparison),
  LessOrEqual: flat(comparison),
  And: flat(comparison),
  Or: flat(comparison),
  Xor: flat(comparison),
  Not: flat((node, b) => {
    const { type, dims, value } = b.type(inputOf(node, 0));
    const known = value?.every((item) => typeof item === 'number');
    return [{ type, dims, value: known ? value?.map((item) => (item === 0 ? 1 : 0)) : undefined }];
  }),
  IsNaN: flat(shaped((_node, dims) => dims, DataType.BOOL)),
  IsInf: flat(shaped((_node, dims) => dims, DataType.BOOL)),
  BitwiseAnd: flat(broadcastInputs),
  BitwiseOr: flat(broadcastInputs),
  BitwiseXor: flat(broadcastInputs),
  BitwiseNot: flat(sameAsInput),
  HannWindow: flat(table),
  HammingWindow: flat(table),
  BlackmanWindow: flat(table),
  // Its frequencies are rounded to bins, so the derivative with respect to them is 0.
  MelWeightMatrix: flat(table),
  NonMaxSuppression: flat(() => [{ type: DataType.INT64, dims: [unknownDim(), 3] }]),
};

import { int } from '../format/attributes.ts';
import { broadcast, type Dim, mulDim, unknownDim, unknownDims } from '../graph/dim.ts';
import { inputOf, sameAsInput, shaped } from '../graph/infer.ts';
import { broadcastValue } from '../graph/mapElements.ts';
import type { Operators } from '../graph/operator.ts';

/** Operators that repeat, select or accumulate elements. */
export const repeat: Operators = {
  Expand: {
    infer: (node, b) => {
      const { type, dims } = b.type(inputOf(node, 0));
      const shape = b.value(inputOf(node, 1)) ?? unknownDims(b.dims(inputOf(node, 1))?.[0]);
      return [{ type, dims: broadcast(dims, shape) }];
    },
    differentiable: [0],
    zeroDerivative: { 1: 'a shape' },
    gradient: ({ b, x, g }) => [b.sumTo(g(0), x(0))],
  },
  Tile: {
    infer: shaped((node, dims, b) => {
      const repeats = b.value(inputOf(node, 1));
      return dims.map((dim, i) => (repeats ? mulDim(dim, repeats[i] ?? 1) : unknownDim()));
    }),
    differentiable: [0],
    zeroDerivative: { 1: 'counts' },
    // Each axis is split into (repeats, size), and the repeats are summed.
    gradient: ({ b, x, g }) => {
      const rank = b.rank(x(0));
      const repeats = b.numbers(x(1));
      const parts = Array.from({ length: rank }, (_, i) => [
        repeats?.[i] ?? b.slice(x(1), [i], [i + 1], [0]),
        b.numbers(b.sizeAt(x(0), i))?.[0] ?? b.sizeAt(x(0), i),
      ]).flat();
      const split = b.reshape(g(0), b.shapeVector(parts));
      return [
        b.reduceSum(
          split,
          Array.from({ length: rank }, (_, i) => 2 * i),
        ),
      ];
    },
  },
  Where: {
    infer: (node, b) => {
      const [condition, yes, no] = [0, 1, 2].map((i) => b.type(inputOf(node, i)));
      const dims = broadcast(condition?.dims, yes?.dims, no?.dims);
      const [choice, ...sides] = [condition, yes, no].map((side) => side && broadcastValue(side, dims));
      const known = sides.every((side) => side) && choice?.every((v) => typeof v === 'number');
      const value = known ? choice?.map((v, i) => sides[v === 0 ? 1 : 0]?.[i] as Dim) : undefined;
      return [{ type: yes?.type ?? 0, dims, value }];
    },
    differentiable: [1, 2],
    zeroDerivative: { 0: 'a condition' },
    gradient: ({ b, x, g, needs }) => {
      const zero = b.scalar(0, g(0));
      return [
        undefined,
        needs(1) ? b.sumTo(b.where(x(0), g(0), zero), x(1)) : undefined,
        needs(2) ? b.sumTo(b.where(x(0), zero, g(0)), x(2)) : undefined,
      ];
    },
  },
  CumSum: {
    infer: sameAsInput,
    differentiable: [0],
    zeroDerivative: { 1: 'an axis' },
    gradient: ({ b, node, x, g }) => [
      b.emit('CumSum', [g(0), x(1)], {
        exclusive: int(node, 'exclusive', 0),
        reverse: 1 - int(node, 'reverse', 0),
      }),
    ],
  },
};

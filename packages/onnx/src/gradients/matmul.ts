import { float, int } from '../format/attributes.ts';
import { broadcast, type Dim, type Dims } from '../graph/dim.ts';
import { inputOf } from '../graph/infer.ts';
import type { Operators } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';

/** The shape of a matrix product. */
export function productDims(a: Dims, b: Dims): Dims {
  if (!a || !b || a.length === 0 || b.length === 0) return undefined;
  const batch = broadcast(a.slice(0, -2), b.slice(0, -2)) ?? [];
  const rows = a.length > 1 ? [a.at(-2) as Dim] : [];
  const columns = b.length > 1 ? [b.at(-1) as Dim] : [];
  return [...batch, ...rows, ...columns];
}

/** Merges all axes except the last: [..., n] → [·, n]. A vector becomes one row. */
function rowsOf(b: Ops, a: string): string {
  return b.dims(a)?.length === 2 ? a : b.emit('Flatten', [a], { axis: -1 });
}

/** Matrix products. */
export const matmul: Operators = {
  MatMul: {
    infer: (node, b) => {
      const [a, c] = [b.type(inputOf(node, 0)), b.type(inputOf(node, 1))];
      return [{ type: a.type || c.type, dims: productDims(a.dims, c.dims) }];
    },
    differentiable: [0, 1],
    gradient: ({ b, x, g, needs }) => {
      // If the right operand is a matrix, all batch axes belong to the left operand, whose rank may be unknown.
      if (b.rank(x(1)) === 2) {
        return [
          needs(0) ? b.matmul(g(0), b.transposeLast(x(1))) : undefined,
          needs(1) ? b.emit('Gemm', [rowsOf(b, x(0)), rowsOf(b, g(0))], { transA: 1 }) : undefined,
        ];
      }
      // A vector is a matrix of one row (left) or one column (right).
      const leftVector = b.rank(x(0)) === 1;
      const rightVector = b.rank(x(1)) === 1;
      const left = leftVector ? b.unsqueeze(x(0), [0]) : x(0);
      const right = rightVector ? b.unsqueeze(x(1), [1]) : x(1);
      let grad = rightVector ? b.unsqueeze(g(0), [-1]) : g(0);
      if (leftVector) grad = b.unsqueeze(grad, [-2]);

      const toLeft = (): string => {
        const product = b.sumTo(b.matmul(grad, b.transposeLast(right)), left);
        return leftVector ? b.squeeze(product, [0]) : product;
      };
      const toRight = (): string => {
        const product =
          b.rank(right) === 2
            ? b.emit('Gemm', [rowsOf(b, left), rowsOf(b, grad)], { transA: 1 })
            : b.sumTo(b.matmul(b.transposeLast(left), grad), right);
        return rightVector ? b.squeeze(product, [1]) : product;
      };
      return [needs(0) ? toLeft() : undefined, needs(1) ? toRight() : undefined];
    },
  },
  Gemm: {
    infer: (node, b) => {
      for (const i of [0, 1]) b.assumeRank(inputOf(node, i), 2);
      const [a, c] = [b.type(inputOf(node, 0)), b.type(inputOf(node, 1))];
      const rows = a.dims?.[int(node, 'transA', 0) ? 1 : 0];
      const columns = c.dims?.[int(node, 'transB', 0) ? 0 : 1];
      return [
        {
          type: a.type || c.type,
          dims: rows === undefined || columns === undefined ? undefined : [rows, columns],
        },
      ];
    },
    differentiable: [0, 1, 2],
    gradient: ({ b, node, x, g, needs }) => {
      const transA = int(node, 'transA', 0);
      const transB = int(node, 'transB', 0);
      const alpha = { float: float(node, 'alpha', 1) };
      const beta = float(node, 'beta', 1);
      const gemm = (left: string, right: string, tA: number, tB: number): string =>
        b.emit('Gemm', [left, right], { transA: tA, transB: tB, alpha });
      const toC = (): string => b.sumTo(beta === 1 ? g(0) : b.mul(g(0), b.scalar(beta, g(0))), x(2));
      return [
        needs(0) ? (transA ? gemm(x(1), g(0), transB, 1) : gemm(g(0), x(1), 0, 1 - transB)) : undefined,
        needs(1) ? (transB ? gemm(g(0), x(0), 1, transA) : gemm(x(0), g(0), 1 - transA, 0)) : undefined,
        needs(2) ? toC() : undefined,
      ];
    },
  },
};

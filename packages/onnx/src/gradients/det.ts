import { DataType } from '../format/dataType.ts';
import { shaped } from '../graph/infer.ts';
import type { GradientContext, Operators } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';

/**
 * The cofactors of matrices [..., n, n]: (−1)^(i+j) times the determinant without row i and column j. Unlike the
 * inverse, they exist for singular matrices too.
 */
function cofactors(b: Ops, x: string, n: number): string {
  const rank = b.rank(x);
  const type = b.type(x).type;
  const all = Array.from({ length: n }, (_, i) => i);
  const others = b.literal(
    DataType.INT64,
    [n, n - 1],
    all.flatMap((i) => all.filter((k) => k !== i)),
  );
  // [..., i, n − 1, n], then [..., i, n − 1, j, n − 1]
  const rows = b.emit('Gather', [x, others], { axis: rank - 2 });
  const minors = b.emit('Gather', [rows, others], { axis: rank });
  const lead = Array.from({ length: rank - 2 }, (_, i) => i);
  const [i, row, j, column] = [0, 1, 2, 3].map((k) => rank - 2 + k) as [number, number, number, number];
  const dets = b.emit('Det', [b.transpose(minors, [...lead, i, j, row, column])]);
  const signs = b.literal(
    type,
    [n, n],
    all.flatMap((r) => all.map((k) => ((r + k) % 2 === 0 ? 1 : -1))),
  );
  return b.mul(dets, signs);
}

/** The largest supported number of rows, because a matrix with n rows needs n² determinants. */
const largest = 32;

function back(c: GradientContext): string[] {
  const { b, x, g } = c;
  const n = b.shape(x(0)).at(-1);
  if (typeof n !== 'number')
    throw c.refuse(
      'the size of its matrices is known only while the model runs',
      'Export the model with fixed sizes.',
    );
  if (n > largest) throw c.refuse(`no gradient for matrices of more than ${largest} rows`);
  if (n === 1) return [b.reshapeLike(g(0), x(0))];
  return [b.mul(b.unsqueeze(g(0), [-2, -1]), cofactors(b, x(0), n))];
}

/** Determinants. */
export const det: Operators = {
  Det: { infer: shaped((_node, dims) => dims.slice(0, -2)), differentiable: [0], gradient: back },
};

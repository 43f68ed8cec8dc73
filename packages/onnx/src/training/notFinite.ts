import { DataType } from '../format/dataType.ts';
import type { Ops } from '../graph/ops.ts';

/**
 * A float32 scalar: 0, or NaN if an element of the vectors is NaN or infinite. Each vector is summed in one pass.
 * A sum of finite numbers is finite, unless they are so large that the next step would overflow.
 */
export function nanUnlessFinite(b: Ops, vectors: readonly string[]): string {
  const zeros = vectors.map((vector) => {
    const sum = b.sumAll(vector);
    // Multiplies by a zero constant, because a compiler may fold x − x.
    return b.cast(b.mul(sum, b.scalar(0, sum)), DataType.FLOAT);
  });
  return zeros.reduce((sum, zero) => b.add(sum, zero));
}

import type { Reduce, Trainable } from '@clr/core';

/** A small Trainable that all ranks train together: the line y = w · x, initially with w = 0.5. */
export function createLine(
  reduce: Reduce,
): Trainable<readonly [number, number]> & { readonly w: Float64Array } {
  const w = Float64Array.of(0.5);
  return {
    w,
    async trainStep([x, y], { lr }) {
      const error = w[0]! * x - y;
      if (!(await reduce.all(true))) throw new Error('another rank failed');
      const sums = Float64Array.of(error * error, 2 * error * x);
      await reduce.sum([sums]);
      w[0]! -= (lr * sums[1]!) / reduce.size;
      return { loss: sums[0]! / reduce.size };
    },
    evaluate: async () => ({ loss: 0 }),
    snapshot: async () => ({ w: w.slice() }),
    restore: async (snapshot) => w.set((snapshot as { w: Float64Array }).w),
    dispose() {},
  };
}

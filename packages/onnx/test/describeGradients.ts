import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { DataType } from '../src/format/dataType.ts';
import { checkGradient, type InputSpec, type OperatorCase } from './checkGradient.ts';

/** One use of an operator, with random shapes and attributes. */
export type Row = readonly [name: string, cases: fc.Arbitrary<Omit<OperatorCase, 'seed'>>];

// Every run uses the same cases. Set CLR_SEED to draw others.
const seed = Number(process.env.CLR_SEED ?? 1506);
const runs = 5;

/** The opsets for rows that do not set one. */
const newest = fc.integer({ min: 18, max: 23 });

/** Central differences in float64 agree to 1e-7 or better. In float32, the runtime's rounding remains. */
export const tolerance: { readonly float64: number; readonly float32: number } = {
  float64: 1e-6,
  float32: 2e-3,
};

/** The size of one axis. */
export const size: fc.Arbitrary<number> = fc.integer({ min: 1, max: 4 });

/** A constant int64 vector. */
export const ints = (values: readonly number[]): InputSpec => ({
  dims: [values.length],
  type: DataType.INT64,
  values,
});

/** Compares the gradients of operators with finite differences of the runtime's own forward pass. */
export function describeGradients(rows: readonly Row[]): void {
  const count = { float64: 0, float32: 0 };
  const worst = { float64: 0, float32: 0 };
  describe('gradients', () => {
    it.each(rows)('agree with finite differences: %s', async (_name, cases) => {
      await fc.assert(
        fc.asyncProperty(cases, newest, fc.nat(1e6), async (c, opset, values) => {
          const { precision, error } = await checkGradient({ opset, ...c, seed: values });
          count[precision] += 1;
          worst[precision] = Math.max(worst[precision], error);
          expect(error, precision).toBeLessThan(tolerance[precision]);
        }),
        { numRuns: runs, seed },
      );
    });

    afterAll(() => {
      for (const precision of ['float64', 'float32'] as const) {
        const error = worst[precision].toExponential(1);
        console.log(`${count[precision]} gradients checked in ${precision}, largest relative error ${error}`);
      }
    });
  });
}

import { describe, expect, it } from 'vitest';
import { directionalSharpness } from './directionalSharpness.ts';

/** A loss `Σ hᵢ θᵢ² / 2` over two tensors. Records the points at which its gradient was computed. */
function bowl(curvatures: readonly (readonly number[])[], start: readonly (readonly number[])[]) {
  const asked: number[][] = [];
  return {
    asked,
    parameters: start.map((values) => Float32Array.from(values)),
    gradient: async (parameters: readonly ArrayLike<number>[]) => {
      asked.push(parameters.flatMap((vector) => Array.from(vector)));
      return curvatures.map((h, i) => Float32Array.from(h, (value, k) => value * parameters[i]![k]!));
    },
  };
}

describe('directionalSharpness', () => {
  it('is gᵀHg / |g|² of a quadratic', async () => {
    const loss = bowl([[4, 1], [0.5]], [[1, -1], [2]]);
    // g = (4, −1, 1)
    expect(await directionalSharpness(loss)).toBeCloseTo((4 * 16 + 1 * 1 + 0.5 * 1) / 18, 4);
    expect(loss.asked.length).toBe(3);
    expect(loss.parameters.flatMap((vector) => [...vector])).toEqual([1, -1, 2]);
  });

  it('is dᵀHd / gᵀd along another direction of any length', async () => {
    for (const length of [1e-3, 1, 1e3]) {
      const direction = (g: readonly Float32Array[]) =>
        g.map((vector) => vector.map((value) => length * Math.sign(value)));
      const found = await directionalSharpness({ ...bowl([[4, 1], [0.5]], [[1, -1], [2]]), direction });
      expect(found).toBeCloseTo((length * (4 + 1 + 0.5)) / (4 + 1 + 1), 4 - Math.log10(length));
    }
  });

  it('ignores a cubic term, because it uses a central difference', async () => {
    const loss = {
      parameters: [Float64Array.of(1)],
      // The loss is θ² / 2 + 100 (θ − 1)³.
      gradient: async ([theta]: readonly ArrayLike<number>[]) => [
        Float64Array.of(theta![0]! + 300 * (theta![0]! - 1) ** 2),
      ],
    };
    expect(await directionalSharpness(loss)).toBeCloseTo(1, 9);
  });

  it('moves in proportion to the weights that have a gradient, even if others are large', async () => {
    // Only the second tensor has a gradient.
    const loss = bowl([[0, 0], [1]], [[1e6, 1e6], [2]]);
    await directionalSharpness(loss);
    const [still, up, down] = loss.asked.map(([, , third]) => third!);
    expect(up! - still!).toBeCloseTo(0.01 * 2, 6);
    expect(still! - down!).toBeCloseTo(0.01 * 2, 6);
  });

  it('works at weights of 0, and is NaN if the gradient is 0', async () => {
    const shifted = {
      parameters: [new Float32Array(1)],
      gradient: async ([theta]: readonly ArrayLike<number>[]) => [Float32Array.of(3 * (theta![0]! - 1))],
    };
    expect(await directionalSharpness(shifted)).toBeCloseTo(3, 4);
    expect(await directionalSharpness(bowl([[1]], [[0]]))).toBeNaN();
  });
});

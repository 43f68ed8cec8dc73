import type { FloatArray } from '../training/buckets.ts';

/** The mean of named vectors over several batches, each with a weight of its own. */
export class WeightedMean {
  #total = 0;
  readonly #sums = new Map<string, { sum: Float64Array; like: FloatArray }>();

  /** The sum of the weights so far. */
  get total(): number {
    return this.#total;
  }

  add(weight: number, vectors: Readonly<Record<string, FloatArray>>): void {
    this.#total += weight;
    for (const [name, vector] of Object.entries(vectors)) {
      const known = this.#sums.get(name);
      const { sum } = known ?? { sum: new Float64Array(vector.length) };
      if (!known) this.#sums.set(name, { sum, like: vector });
      // Where no label counts, the mean loss is 0 / 0, which must not spoil the others.
      if (weight === 0) continue;
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + weight * (vector[i] as number);
    }
  }

  /** The means, in the types the vectors came in. */
  result(): Record<string, FloatArray> {
    return Object.fromEntries(
      [...this.#sums].map(([name, { sum, like }]) => {
        const mean = sum.map((value) => value / this.#total);
        return [name, like instanceof Float64Array ? mean : Float32Array.from(mean)];
      }),
    );
  }
}
